"""T36: no option of an install names a file of the portal, and no host's answer makes the portal read or write one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from installs.ssh import Session
from tests.installs.bodies import host_body, install_body
from tests.installs.conftest import sshd
from tests.installs.sshd import Sshd

__all__ = ["sshd"]


@pytest.mark.parametrize("path", ["/etc/passwd", "~/.ssh/id_rsa", "../secret", "file:///etc/passwd"])
def test_a_path_is_no_key_no_bundle_and_no_manifest(api: Callable[..., Any], admin: User, path: str) -> None:
    caller = api(admin)
    bodies = [
        install_body(hosts=[host_body(credential={"private_key": path})]),
        install_body(hosts=[host_body(credential={"private_key_file": path})]),
        install_body(bundle=path),
        install_body(cni="own", cni_manifest=path),
        install_body(package_repository=path),
    ]
    for body in bodies:
        assert caller.post("/installs/", body).status_code in (400, 422), body


def test_keys_and_settings_of_the_portal_s_account_are_not_used(
    sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither ~/.ssh/config, nor its keys, nor an agent: only what the install was given."""
    home = tmp_path / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id_ed25519").write_text(sshd.key)
    (home / ".ssh" / "config").write_text(f"Host *\n  ProxyCommand touch {tmp_path}/proxied\n")
    monkeypatch.setenv("HOME", str(home))
    from installs.errors import HostUnreachable

    with pytest.raises(HostUnreachable) as told, Session(sshd.account(private_key="", password="wrong")):
        pass

    assert told.value.step == "authenticate"
    assert not (tmp_path / "proxied").exists()
