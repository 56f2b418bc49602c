"""Which fixes run when a person confirms all of them at once."""

from __future__ import annotations

from typing import Any

import pytest

from installs.commands import run_fixes, start_install
from installs.errors import ChecksBlock, NotConfirmed
from installs.models import CheckRecord, Install, InstallHost

pytestmark = pytest.mark.django_db


@pytest.fixture
def checked() -> Install:
    """A checked install whose one host forwards no packets and has an earlier cluster on it."""
    install = Install.objects.create(
        name="shop", status=Install.Status.CHECKED, config={"kubernetes_version": "v1.37.2", "bundle": "site"}
    )
    InstallHost.objects.create(install=install, name="node-1", address="192.0.2.11", role="control_plane")
    for check, fix in (("sysctl", "modules_and_sysctl"), ("clean_node", "reset")):
        CheckRecord.objects.create(
            install=install,
            host="node-1",
            check_name=check,
            severity="error",
            status="fail",
            observed="found",
            fix={"id": fix, "title": fix, "commands": ["true"]},
        )
    return install


def test_an_earlier_cluster_is_never_lost_by_confirming_all_fixes(checked: Install, admin: Any) -> None:
    with pytest.raises(ChecksBlock) as refused:
        start_install(admin, checked, apply_fixes=True)

    assert [one["check"] for one in refused.value.fields["blocked_by"]] == ["clean_node"]


def test_the_others_run_first(checked: Install, admin: Any) -> None:
    checked.checks.filter(check_name="clean_node").delete()

    run = start_install(admin, checked, apply_fixes=True)

    assert [fix["id"] for fix in run.asked["fixes"]] == ["modules_and_sysctl"]


def test_a_reset_needs_the_name_typed(checked: Install, admin: Any, web_client: Any) -> None:
    chosen = [("node-1", "clean_node")]
    with pytest.raises(NotConfirmed):
        run_fixes(admin, checked, chosen, typed_name="other")
    browser, at = web_client(admin), f"{checked.get_absolute_url()}fix/"
    page = browser.get(f"{at}?fix=clean_node@node-1").content.decode()
    assert 'data-word="shop"' in page and 'name="confirm"' in page
    assert 'name="confirm"' not in browser.get(f"{at}?fix=sysctl@node-1").content.decode()
    assert browser.post(at, {"fix": "clean_node@node-1", "confirm": "sho"}).status_code == 422

    assert browser.post(at, {"fix": "clean_node@node-1", "confirm": "shop"}).status_code == 303
    assert checked.runs.get().asked["fixes"][0]["id"] == "reset"


def test_over_the_api_naming_the_finding_is_enough(checked: Install, admin: Any, api: Any) -> None:
    body = {"fixes": [{"host": "node-1", "check": "clean_node"}]}

    assert api(admin).post(f"/api/v1/installs/{checked.pk}/fixes/", body, format="json").status_code == 202
