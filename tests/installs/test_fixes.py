"""Which fixes run when a person confirms all of them at once."""

from __future__ import annotations

import re
from typing import Any

import pytest

from installs.checking import save_results
from installs.commands import run_fixes, start_install
from installs.errors import ChecksBlock, NotConfirmed
from installs.models import CheckRecord, Install, InstallHost
from installs.plain import result_of
from installs.shapes import CheckResult, Fix

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
    value = re.findall(r'name="way-clean_node@node-1" value="([^"]*)"', page)
    typed = {"fix": "clean_node@node-1", "way-clean_node@node-1": value}
    assert browser.post(at, {**typed, "confirm": "sho"}).status_code == 422

    assert browser.post(at, {**typed, "confirm": "shop"}).status_code == 303
    assert checked.runs.get().asked["fixes"][0]["id"] == "reset"


def test_over_the_api_naming_the_finding_is_enough(checked: Install, admin: Any, api: Any) -> None:
    body = {"fixes": [{"host": "node-1", "check": "clean_node"}]}

    assert api(admin).post(f"/api/v1/installs/{checked.pk}/fixes/", body, format="json").status_code == 202


def filtered(install: Install) -> CheckResult:
    """A firewall that may be opened or turned off, as it is judged and kept."""
    off = Fix("firewall_off", "Turn firewalld off", ("systemctl disable --now firewalld",))
    opened = Fix("firewall_open_ports", "Open the ports", ("firewall-cmd --reload",), (off,))
    result = CheckResult("node-1", "firewall", "warning", "warn", "firewalld: running", "none", fix=opened)
    save_results(install, [result], host="node-1", check="firewall")
    return result


def test_all_ways_to_mend_a_finding_are_kept(checked: Install) -> None:
    result = filtered(checked)

    assert result_of(checked.checks.get(check_name="firewall")) == result


def test_over_the_api_one_of_them_is_named(checked: Install, admin: Any, api: Any) -> None:
    filtered(checked)
    caller, at = api(admin), f"/installs/{checked.pk}"
    (found,) = caller.get(f"{at}/checks/?check=firewall").json()["results"]
    assert [way["id"] for way in found["fix"]["alternatives"]] == ["firewall_off"]

    one = {"host": "node-1", "check": "firewall"}
    refused = caller.post(f"{at}/fixes/", {"fixes": [{**one, "fix": "rm_rf"}]})
    assert refused.status_code == 422 and refused.json()["errors"][0]["code"] == "no_fix"
    both = caller.post(f"{at}/fixes/", {"fixes": [one, {**one, "fix": "firewall_off"}]})
    assert both.status_code == 422 and both.json()["errors"][0]["pointer"] == "/fixes/1"

    assert caller.post(f"{at}/fixes/", {"fixes": [{**one, "fix": "firewall_off"}]}).status_code == 202
    (fix,) = checked.runs.get().asked["fixes"]
    assert fix["commands"] == ["systemctl disable --now firewalld"] and "alternatives" not in fix


def test_unless_one_is_named_the_first_runs(checked: Install, admin: Any) -> None:
    filtered(checked)

    run = run_fixes(admin, checked, [("node-1", "firewall")])

    assert [fix["id"] for fix in run.asked["fixes"]] == ["firewall_open_ports"]
