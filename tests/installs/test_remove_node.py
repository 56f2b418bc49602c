"""A node whose machine is gone: the cluster forgets it, and nobody waits for the machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from installs.models import Install
from tests.callers import PageClient
from tests.factories.clusters import new_cluster
from tests.factories.installs import installed, new_host, new_install_run
from tests.installs.conftest import PLANNED, carried_out, log_of, step


@pytest.fixture
def harbour(admin: User) -> Install:
    """A cluster of one control plane and one worker."""
    return installed(new_cluster("harbour-1"), admin)


def test_over_the_api_it_is_asked_for_by_a_flag(api: Callable[..., Any], admin: User, harbour: Install) -> None:
    at = f"/installs/{harbour.pk}/nodes/node-2/"
    assert api(admin).delete(f"{at}?gone=perhaps").status_code == 400
    assert api(admin).delete(f"{at}?force=true").status_code == 400
    assert api(admin).delete(f"/installs/{harbour.pk}/nodes/node-1/?gone=true").status_code == 409

    assert api(admin).delete(f"{at}?gone=true").status_code == 202
    assert harbour.runs.get(kind="remove_node").asked["gone"] is True
    assert Entry.objects.get(action="install.remove_node").after == {"host": "node-2", "gone": True}


def test_the_plan_of_it_touches_no_other_machine(api: Callable[..., Any], admin: User, harbour: Install) -> None:
    at = f"/installs/{harbour.pk}/plan/?kind=remove_node&host=node-2"
    planned = {each["id"] for each in api(admin).get(f"{at}&gone=true").json()["results"]}
    assert planned == {"delete:node-2"}
    assert "reset:node-2" in {each["id"] for each in api(admin).get(at).json()["results"]}


def test_on_the_page_it_has_its_own_sentence_and_the_name_is_typed(
    web_client: Callable[[User], PageClient], admin: User, harbour: Install
) -> None:
    browser, at = web_client(admin), f"{harbour.get_absolute_url()}nodes/node-2/remove/"
    assert f'href="{at}?gone=true"' in browser.get(at).content.decode()
    page = browser.get(f"{at}?gone=true").content.decode()
    assert "Nothing is tried on the machine" in page and 'data-word="node-2"' in page and f'href="{at}"' in page

    assert browser.post(f"{at}?gone=true", {"confirm": "node-1"}).status_code == 422
    assert not harbour.runs.filter(kind="remove_node").exists()
    assert browser.post(f"{at}?gone=true", {"confirm": "node-2"}).status_code == 303
    assert harbour.runs.get(kind="remove_node").asked["gone"] is True


@pytest.mark.usefixtures("plan_stays")
def test_the_machine_is_never_asked_and_the_install_forgets_it(
    api: Callable[..., Any], admin: User, drafted: Callable[..., Install]
) -> None:
    install = drafted()
    new_install_run(install, state="succeeded")
    # Where nobody answers: an attempt would be in the log.
    new_host(install, "away", "127.0.0.2", number=1, port=9, facts={"complete": True})
    PLANNED[:] = [step("delete:away", "echo node away is deleted", probe="false", verify="true")]

    run = carried_out(api(admin).delete(f"/installs/{install.pk}/nodes/away/?gone=true"))

    assert run.state == "succeeded", log_of(run)
    assert "node away is deleted" in log_of(run)
    assert not [line for line in run.lines.all() if line.host == "away"]
    assert [host.name for host in install.hosts.all()] == ["here"]
