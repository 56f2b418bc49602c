"""A cluster out of real machines over REST: checked, installed with a kill in between, registered, changed, reset."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from clusters.models import Cluster
from installs.errors import HostUnreachable
from installs.models import Install, InstallRun
from installs.ssh import Account, Session
from sandbox.hosts.bundle import bundle_folder, is_built
from sandbox.hosts.machines import Machines
from tests.installs.conftest import carried_out, log_of
from tests.machines import machines_of

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


ACCOUNTS = """
for user in free asks none; do
  id $user >/dev/null 2>&1 || useradd -m -s /bin/sh $user
  echo $user:open-sesame | chpasswd
done
printf 'free ALL=(ALL) NOPASSWD: ALL\\nasks ALL=(ALL) ALL\\n' > /etc/sudoers.d/tests
mkdir -p /etc/ssh/sshd_config.d
echo 'PasswordAuthentication yes' > /etc/ssh/sshd_config.d/00-tests.conf
systemctl reload ssh
"""
OF_X = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with machines_of(tmp_path_factory.mktemp("machines"), 2) as machines:
        yield machines


@pytest.fixture
def with_bundle(settings: Any, tmp_path: Path) -> None:
    """The portal finds the sandbox's bundle."""
    if not is_built():
        pytest.skip("there is no bundle: run `python -m sandbox hosts bundle` once, which builds it")
    settings.BUNDLES = tmp_path / "bundles"
    settings.BUNDLES.mkdir()
    (settings.BUNDLES / "sandbox").symlink_to(bundle_folder())


def host_bodies(machines: Machines) -> list[dict[str, Any]]:
    """The machines as an install takes them, their keys known."""
    key = machines.key_file.read_text()
    return [
        {
            **{name: each[name] for name in ("name", "address", "port", "user", "host_key")},
            "role": "worker" if number else "control_plane",
            "credential": {"private_key": key},
        }
        for number, each in enumerate(machines.status()["machines"])
    ]


def account_on(machines: Machines, **values: Any) -> Account:
    first = machines.status()["machines"][0]
    plain = {name: first[name] for name in ("address", "port", "user", "host_key")}
    return Account(**{"host": first["name"], **plain, **values})


def test_sudo_with_and_without_a_password(machines: Machines) -> None:
    root = account_on(machines, private_key=machines.key_file.read_text())
    with Session(root) as session:
        made = session.run(ACCOUNTS, seconds=60)
        assert made.code == 0, made.output

    for user in ("free", "asks"):
        with Session(account_on(machines, user=user, password="open-sesame")) as session:
            said = session.run('id -u; echo "$WORD"; cat', seconds=20, env={"WORD": "it's"}, lock=20)
            assert (said.code, said.output.split("\n")) == (0, ["0", "it's"]), user
            assert "open-sesame" not in session.run("ps -eo args", seconds=20).output
            assert session.put(f"/opt/of/{user}", [b"x"], OF_X, mode=0o600)
    for user, values, step in (
        ("none", {"password": "open-sesame"}, "privileges"),
        ("asks", {"password": "open-sesame", "sudo_password": "wrong"}, "privileges"),
        ("free", {"password": "wrong"}, "authenticate"),
    ):
        with pytest.raises(HostUnreachable) as told, Session(account_on(machines, user=user, **values)):
            pass
        assert told.value.step == step
        assert "open-sesame" not in told.value.detail


def test_from_machines_to_a_cluster_and_back(
    api: Callable[..., Any], admin: User, machines: Machines, with_bundle: None, record_property: Any
) -> None:
    caller = api(admin)
    hosts = host_bodies(machines)
    made = caller.post(
        "/installs/", {"name": "made", "kubernetes_version": "v1.37.2", "bundle": "sandbox", "hosts": hosts}
    )
    assert made.status_code == 201, made.content
    at = f"/installs/{made.json()['id']}"

    began = time.monotonic()
    assert carried_out(caller.post(f"{at}/preflight/", {})).state == "succeeded"
    checked = time.monotonic() - began
    found = caller.get(f"{at}/checks/?limit=200").json()["results"]
    assert {(row["host"], row["check"]) for row in found if row["status"] == "fail"} == {
        (host["name"], "sysctl") for host in hosts
    }
    taken_on = [
        {"host": row["host"], "check": row["check"], "reason": "this is what the machines have"}
        for row in found
        if row["status"] == "warn"
    ]
    refused = caller.post(f"{at}/start/", {"apply_fixes": False})
    assert refused.status_code == 409 and refused.json()["blocked_by"]

    began = time.monotonic()
    run = carried_out(caller.post(f"{at}/start/", {"apply_fixes": True, "acknowledge": taken_on}), seconds=900)
    assert run.state == "succeeded", log_of(run)[-5000:]
    took = time.monotonic() - began
    record_property("told", f"{len(found)} checks in {checked:.0f} s, {run.steps.count()} steps in {took:.0f} s")

    body = caller.get(f"{at}/").json()
    assert (body["status"], body["cluster"]) == ("succeeded", "made")
    cluster = Cluster.objects.get(name="made")
    assert cluster.status == "connected" and cluster.kubernetes_version == "v1.37.2"
    assert Install.objects.get(pk=body["id"]).secrets is None
    key_lines = machines.key_file.read_text().splitlines()[1:-1]
    assert not any(line in log_of(run) for line in key_lines)

    assert carried_out(caller.post(f"{at}/certificates/", {}), seconds=300).state == "succeeded"
    gone = carried_out(caller.delete(f"{at}/nodes/{hosts[1]['name']}/"), seconds=300)
    assert gone.state == "succeeded", log_of(gone)[-5000:]
    assert len(caller.get(f"{at}/").json()["hosts"]) == 1

    answer = caller.post(f"{at}/nodes/", {"hosts": hosts[1:]})
    back = carried_out(answer, seconds=600)
    if back.state == "failed":
        # What the machine is was taken on for the host that went.
        for row in caller.get(f"{at}/checks/?status=warn&limit=200").json()["results"]:
            if row["acknowledged"] is None:
                body = {"host": row["host"], "check": row["check"], "reason": "as before"}
                assert caller.post(f"{at}/acknowledge/", body).status_code == 200
        back = carried_out(caller.post(f"{at}/retry/", {}), seconds=600)
    assert back.state == "succeeded", log_of(back)[-5000:]

    reset = carried_out(caller.post(f"{at}/reset/", {"typed_name": "made"}), seconds=600)
    assert reset.state == "succeeded", log_of(reset)[-5000:]
    assert not Cluster.objects.filter(name="made").exists()
    assert caller.get(f"{at}/").json()["status"] == "draft"
    assert not InstallRun.objects.exclude(state="succeeded").exists()

    assert carried_out(caller.post(f"{at}/preflight/", {})).state == "succeeded"
    dirty = caller.get(f"{at}/checks/?check=clean_node&limit=200").json()["results"]
    assert {row["status"] for row in dirty} == {"pass"}
