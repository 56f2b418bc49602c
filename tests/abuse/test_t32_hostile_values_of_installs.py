"""T32: every field of an install and of its hosts is held to a grammar; nothing hostile becomes a row."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import User
from installs.models import Install
from tests.installs.bodies import host_body, install_body

REFUSED = [
    "; reboot",
    "$(reboot)",
    "`reboot`",
    "a\nb",
    "-oProxyCommand=reboot",
    "a b",
    "a'b",
    'a"b',
    "a|b",
    "../../etc/passwd",
    "a\0b",
    "\u202eevil",
]
HOST_FIELDS = ("name", "address", "user", "role", "host_key")
FIELDS = (
    "name",
    "kubernetes_version",
    "pod_cidr",
    "service_cidr",
    "dns_domain",
    "control_plane_endpoint",
    "cni",
    "image_repository",
    "container_runtime",
    "bundle",
    "package_repository",
)


@pytest.mark.parametrize("value", REFUSED)
def test_no_field_of_an_install_takes_it(api: Callable[..., Any], admin: User, value: str) -> None:
    caller = api(admin)
    for field in FIELDS:
        answer = caller.post("/installs/", install_body(**{field: value}))
        assert answer.status_code in (400, 422), (field, answer.content)
        if answer.status_code == 422:
            assert f"/{field}" in [error["pointer"] for error in answer.json()["errors"]]
    assert caller.post("/installs/", install_body(cert_sans=[value])).status_code in (400, 422)
    assert not Install.objects.exists()


@pytest.mark.parametrize("value", REFUSED)
def test_no_field_of_a_host_takes_it(api: Callable[..., Any], admin: User, value: str) -> None:
    caller = api(admin)
    for field in HOST_FIELDS:
        answer = caller.post("/installs/", install_body(hosts=[{**host_body(), field: value}]))
        assert answer.status_code in (400, 422), (field, answer.content)
    assert not Install.objects.exists()


@pytest.mark.parametrize("value", ["a\nb", "a\rb"])
def test_a_password_is_one_line(api: Callable[..., Any], admin: User, value: str) -> None:
    answer = api(admin).post("/installs/", install_body(hosts=[host_body(credential={"password": value})]))

    assert answer.status_code == 422 and value not in answer.content.decode()


def test_what_is_no_key_is_refused_without_being_repeated(api: Callable[..., Any], admin: User) -> None:
    for key in ("planted-nonsense", "-----BEGIN OPENSSH PRIVATE KEY-----\nplanted\n-----END OPENSSH PRIVATE KEY-----"):
        answer = api(admin).post("/installs/", install_body(hosts=[host_body(credential={"private_key": key})]))
        assert answer.status_code == 422
        assert "planted" not in answer.content.decode()


def test_every_verb_refuses_it_too(api: Callable[..., Any], admin: User) -> None:
    from tests.factories.installs import installed

    install, caller = installed(new_cluster_of(), admin), api(admin)
    for value in REFUSED:
        calls = {
            "preflight": {"host": value},
            "acknowledge": {"host": value, "check": value, "reason": "r"},
            "fixes": {"fixes": [{"host": value, "check": value}]},
            "hosts/node-1/host-key": {"key": value},
            "reset": {"typed_name": value},
            "nodes": {"hosts": [{**host_body("new", "192.0.2.99"), "name": value}]},
            "upgrade": {"version": value},
        }
        for call, body in calls.items():
            answer = caller.post(f"/installs/{install.pk}/{call}/", body)
            assert 400 <= answer.status_code < 500, (call, value, answer.content)


def new_cluster_of() -> Any:
    from tests.factories.clusters import new_cluster

    return new_cluster("made")
