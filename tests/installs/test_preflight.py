"""Hosts are read over SSH and judged; what cannot be read is a finding like others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from accounts.models import User
from installs.models import Install, InstallHost
from tests.installs.conftest import carried_out, log_of
from tests.installs.sshd import Sshd


def test_a_host_is_read_and_every_check_is_judged(
    api: Callable[..., Any], admin: User, drafted: Callable[..., Install]
) -> None:
    install, caller = drafted(), api(admin)

    run = carried_out(caller.post(f"/installs/{install.pk}/preflight/", {}))

    assert run.state == "succeeded", log_of(run)
    body = caller.get(f"/installs/{install.pk}/").json()
    assert (body["status"], body["hosts"][0]["unreachable"]) == ("checked", "")
    found = {
        (row["host"], row["check"]): row
        for row in caller.get(f"/installs/{install.pk}/checks/?limit=200").json()["results"]
    }
    assert found["here", "ssh"]["status"] == "pass"
    assert found["here", "privileges"]["status"] == "pass"
    assert len(found) > 20


def test_a_host_key_is_offered_confirmed_and_pinned(
    api: Callable[..., Any], admin: User, drafted: Callable[..., Install], sshd: Sshd
) -> None:
    install, caller = drafted(pinned=False), api(admin)
    at = f"/installs/{install.pk}"

    carried_out(caller.post(f"{at}/preflight/", {}))
    host = caller.get(f"{at}/").json()["hosts"][0]
    assert host["host_key"] == "" and host["offered_key"] == sshd.host_key
    ssh = caller.get(f"{at}/checks/?check=ssh").json()["results"][0]
    assert ssh["status"] == "fail" and host["offered_fingerprint"] in ssh["observed"]

    wrong = caller.post(f"{at}/hosts/here/host-key/", {"key": "SHA256:" + "A" * 43})
    assert wrong.status_code == 409 and wrong.json()["type"].endswith("host_key_differs")
    assert caller.post(f"{at}/hosts/here/host-key/", {"key": host["offered_fingerprint"]}).status_code == 200
    assert InstallHost.objects.get(install=install).host_key == sshd.host_key

    carried_out(caller.post(f"{at}/preflight/", {}))
    assert caller.get(f"{at}/checks/?check=ssh").json()["results"][0]["status"] == "pass"
