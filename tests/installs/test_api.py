"""Installs over REST: drafts, edits, acknowledgements, starts that are refused, runs told by one key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from accounts.models import User
from audit.models import Entry
from installs.checking import save_results
from installs.findings import is_same_finding
from installs.models import Install, InstallRun
from installs.plain import result_of
from installs.shapes import CheckResult
from tests.factories.installs import checked_install, new_check, new_install
from tests.installs.bodies import host_body, install_body

FOUND = CheckResult("node-1", "disk", "warning", "warn", "41.2 GB free on /var/lib", "50 GB")


def test_every_wrong_value_is_named_at_once(api: Callable[..., Any], admin: User) -> None:
    hosts = [host_body(name="UP"), host_body(address="1.2.3"), host_body("m1"), host_body("m1", "192.0.2.11")]
    answer = api(admin).post("/installs/", install_body(pod_cidr="10.0.0.1/8", hosts=hosts))

    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert answer.status_code == 422
    assert {"/pod_cidr", "/hosts/0/name", "/hosts/1/address", "/hosts/3/name", "/hosts/3/address"} <= pointers


def test_one_key_makes_one_install_and_one_run(api: Callable[..., Any], admin: User) -> None:
    caller, key = api(admin), {"HTTP_IDEMPOTENCY_KEY": "once"}
    first = caller.post("/installs/", install_body(), **key)
    again = caller.post("/installs/", install_body(), **key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true" and again.json() == first.json()

    at, key = f"/installs/{first.json()['id']}/preflight/", {"HTTP_IDEMPOTENCY_KEY": "checks"}
    runs = {caller.post(at, {}, **key).json()["run"]["id"] for _time in range(2)}
    assert len(runs) == 1 == InstallRun.objects.count()


def test_an_edit_of_what_somebody_else_changed_is_refused(api: Callable[..., Any], admin: User) -> None:
    install, caller = new_install(config={"bundle": "site"}), api(admin)
    at = f"/installs/{install.pk}/"
    tag = caller.get(at).headers["ETag"]

    assert caller.patch(at, {"dns_domain": "first.local"}, HTTP_IF_MATCH=tag).status_code == 200
    assert caller.patch(at, {"dns_domain": "second.local"}, HTTP_IF_MATCH=tag).status_code == 412
    assert Install.objects.get().config["dns_domain"] == "first.local"


def test_what_was_taken_on_stays_so_while_the_finding_is_the_same(admin: User) -> None:
    install = new_install()
    save_results(install, [FOUND])
    install.checks.update(acknowledged_by=admin, acknowledged_reason="small", acknowledged_at=install.created_at)

    save_results(install, [replace(FOUND, observed="39.8 GB free on /var/lib")])
    assert install.checks.get().acknowledged_reason == "small"

    save_results(install, [replace(FOUND, observed="2.1 GB free on /var/lib", severity="error", status="fail")])
    assert install.checks.get().acknowledged_at is None


def test_findings_are_the_same_by_their_words_and_near_values() -> None:
    assert is_same_finding(FOUND, replace(FOUND, observed="60 GB free on /var/lib"))
    assert not is_same_finding(FOUND, replace(FOUND, observed="10 GB free on /var/lib"))
    assert not is_same_finding(FOUND, replace(FOUND, observed="41.2 GB free on /var/lib/etcd"))
    assert not is_same_finding(FOUND, replace(FOUND, status="fail"))


def test_a_start_names_what_is_in_its_way(api: Callable[..., Any], admin: User) -> None:
    install, caller = checked_install(admin), api(admin)
    install.checks.all().delete()
    new_check(install, "ports_free", status="fail", severity="error")
    new_check(install, "cgroup", status="warn", severity="warning", kubeadm_name="SystemVerification")
    new_check(install, "disk", status="warn", severity="warning")

    answer = caller.post(f"/installs/{install.pk}/start/", {"apply_fixes": False})

    assert answer.status_code == 409
    assert [row["id"] for row in answer.json()["blocked_by"]] == ["node-1/ports_free", "node-1/cgroup"]
    body = {"host": "node-1", "check": "ports_free", "reason": "no"}
    assert caller.post(f"/installs/{install.pk}/acknowledge/", body).status_code == 409
    assert caller.post(f"/installs/{install.pk}/acknowledge/", {**body, "check": "cgroup"}).status_code == 200
    entry = Entry.objects.filter(action="install.acknowledge").get()
    assert entry.after["reason"] == "no"
    assert result_of(install.checks.get(check_name="cgroup")).status == "warn"


def test_what_a_start_mends_needs_no_reason(api: Callable[..., Any], admin: User) -> None:
    """A pipeline that takes everything on and lets everything be mended starts; without the mending it is told."""
    install, caller = checked_install(admin), api(admin)
    install.checks.all().delete()
    fix = {"id": "sysctl", "title": "Set it", "commands": ["sysctl -w net.ipv4.ip_forward=1"]}
    new_check(install, "sysctl", status="fail", severity="error", fix=fix)
    taken_on = [{"host": "node-1", "check": "sysctl", "reason": "a trial"}]

    refused = caller.post(f"/installs/{install.pk}/start/", {"apply_fixes": False, "acknowledge": taken_on})
    assert (refused.status_code, install.runs.count()) == (409, 0)
    started = caller.post(f"/installs/{install.pk}/start/", {"apply_fixes": True, "acknowledge": taken_on})
    assert started.status_code == 202
    assert install.checks.get().acknowledged_at is None
    assert [each["check"] for each in install.runs.get().asked["fixes"]] == ["sysctl"]
