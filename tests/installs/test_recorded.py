"""T50 for installs: every call that changes something leaves one audit entry, and no entry holds a credential."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from installs.models import Install
from tests.factories.clusters import new_cluster
from tests.factories.installs import KEY, SECRET, new_check, new_install, new_install_run
from tests.installs.bodies import host_body, install_body


@dataclass(frozen=True)
class Write:
    """A call on an install of this status, and what the log has to say of it."""

    method: str
    path: str
    action: str
    status: str = "checked"
    body: dict[str, Any] = field(default_factory=dict)


FOUND = {"host": "node-1", "check": "swap"}
WRITES = {
    "edit": Write("patch", "", "install.edit", "draft", {"dns_domain": "site.local"}),
    "remove": Write("delete", "", "install.remove", "draft"),
    "preflight": Write("post", "preflight/", "install.preflight"),
    "acknowledge": Write("post", "acknowledge/", "install.acknowledge", body={**FOUND, "reason": "a lab"}),
    "fixes": Write("post", "fixes/", "install.fix", body={"fixes": [FOUND]}),
    "host key": Write("post", "hosts/node-1/host-key/", "install.confirm_host_key", body={"key": KEY}),
    "start": Write("post", "start/", "install.start", body={"apply_fixes": True}),
    "retry": Write("post", "retry/", "install.retry", "failed"),
    "cancel": Write("post", "cancel/", "install.cancel", "running"),
    "reset": Write("post", "reset/", "install.reset", "succeeded"),
    "add nodes": Write(
        "post", "nodes/", "install.add_nodes", "succeeded", {"hosts": [host_body("node-9", "192.0.2.99")]}
    ),
    "remove a node": Write("delete", "nodes/node-2/", "install.remove_node", "succeeded"),
    "upgrade": Write("post", "upgrade/", "install.upgrade", "succeeded", {"version": "v1.38.0"}),
    "certificates": Write("post", "certificates/", "install.renew_certificates", "succeeded"),
}


def install_of(status: str) -> Install:
    """An install that has come so far, with what that leaves behind."""
    cluster = new_cluster("harbour-2") if status == "succeeded" else None
    install = new_install(
        status=status, cluster=cluster, config={"package_repository": "https://packages.example.org/"}
    )
    fix = {"id": "swap_off", "title": "Turn swap off", "commands": ["swapoff -a"]}
    new_check(install, "swap", status="fail", fix=fix)
    if status != "draft" and status != "checked":
        new_install_run(install, state=status)
    return install


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_t50_a_change_leaves_one_entry(api: Callable[..., Any], admin: User, write: Write) -> None:
    install = install_of(write.status)
    caller = api(admin)
    answer = getattr(caller, write.method)(f"/installs/{install.pk}/{write.path}", write.body)
    assert 200 <= answer.status_code < 300, answer.content
    entry = Entry.objects.get()
    assert (entry.action, entry.actor, entry.object_name) == (write.action, admin.username, "harbour-2")
    assert SECRET not in str((entry.before, entry.after, entry.data))


def test_t50_a_new_install_is_recorded_without_what_signs_in(api: Callable[..., Any], admin: User) -> None:
    hosts = [host_body(credential={"password": SECRET, "sudo_password": SECRET})]
    assert api(admin).post("/installs/", install_body(hosts=hosts)).status_code == 201
    entry = Entry.objects.get()
    assert entry.action == "install.create"
    assert SECRET not in str((entry.before, entry.after, entry.data))


def test_t50_reading_an_inventory_changes_nothing(api: Callable[..., Any], admin: User) -> None:
    text = "[kube_control_plane]\nnode-1 ansible_host=192.0.2.11\n[kube_node]\nnode-1\n"
    assert api(admin).post("/installs/inventory/", {"text": text}).status_code == 200
    assert not Entry.objects.exists()
