"""Two installs that name one machine: while a run of the first works on it, the second is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from installs.models import InstallRun
from tests.factories.installs import KEY, checked_install, new_host, new_install


@pytest.mark.parametrize("same", ["address", "key"])
def test_the_second_is_refused_while_the_first_runs(api: Callable[..., Any], admin: User, same: str) -> None:
    first, second = new_install("first", hosts=0), new_install("second", hosts=0)
    other_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl"
    new_host(first, "a", "192.0.2.50", host_key=KEY)
    if same == "address":
        new_host(second, "b", "192.0.2.50", host_key="")
    else:
        new_host(second, "b", "192.0.2.51", host_key=KEY)
    third = new_install("third", hosts=0)
    new_host(third, "c", "192.0.2.52", host_key=other_key)
    caller = api(admin)
    assert caller.post(f"/installs/{first.pk}/preflight/", {}).status_code == 202

    answer = caller.post(f"/installs/{second.pk}/preflight/", {})

    assert answer.status_code == 409 and answer.json()["type"].endswith("install_host_busy")
    assert [each["install"] for each in answer.json()["blocked_by"]] == ["first"]
    assert caller.post(f"/installs/{third.pk}/preflight/", {}).status_code == 202
    InstallRun.objects.filter(install=first).update(state="failed")
    assert caller.post(f"/installs/{second.pk}/preflight/", {}).status_code == 202


def test_one_install_runs_one_thing_at_a_time(api: Callable[..., Any], admin: User) -> None:
    install, caller = checked_install(admin), api(admin)
    assert caller.post(f"/installs/{install.pk}/preflight/", {}).status_code == 202

    for call, body in (("preflight", {}), ("start", {}), ("retry", {}), ("reset", {})):
        answer = caller.post(f"/installs/{install.pk}/{call}/", body)
        assert answer.status_code == 409, call
        assert answer.json()["type"].endswith("install_run_active"), call
        assert answer.json()["blocked_by"][0]["what"] == "preflight"
