"""T31: values of an install reach a host as quoted words of a script on standard input, never as a command line."""

from __future__ import annotations

import pytest

from installs.plan import plan
from installs.ssh import Session
from tests.abuse.test_t32_hostile_values_of_installs import REFUSED
from tests.installs.conftest import sshd
from tests.installs.site import config, facts, hosts
from tests.installs.sshd import Sshd

__all__ = ["sshd"]


@pytest.mark.parametrize("value", REFUSED)
def test_what_a_script_is_told_is_data(sshd: Sshd, value: str) -> None:
    value = value.replace("\0", "")
    with Session(sshd.account()) as session:
        assert session.run(
            'printf "%s" "$WORD" | od -An -tx1 | tr -d " \\n"', seconds=10, env={"WORD": value}
        ).output == (value.encode().hex())


def test_a_plan_refuses_values_that_were_never_checked() -> None:
    """Even what stands in a row is read by the grammar again before a script is made of it."""
    nodes = hosts()
    known = {node.name: facts(node) for node in nodes}
    with pytest.raises(ValueError, match=r".+"):
        plan(
            "install",
            config(dns_domain="cluster.local; reboot", bundle="", package_repository="https://pkgs.example/deb/"),
            nodes,
            known,
            [],
            {},
        )
