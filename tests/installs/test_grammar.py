"""T32: what may be written into a script, a unit or YAML on a machine, and that everything else is refused."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from installs import grammar
from installs.grammar import Malformed
from installs.plan import plan
from installs.shapes import Config, Host
from tests.installs.site import bundle, config, facts, hosts

HOSTILE = [
    "",
    " ",
    "a;reboot",
    "$(reboot)",
    "`reboot`",
    "a\nreboot",
    "a\r\nb",
    "a\x00b",
    "a b",
    "'",
    '"',
    "\\",
    "-oProxyCommand=reboot",
    "--help",
    "-",
    "a|b",
    "a&b",
    "a>b",
    "../../etc/passwd",
    "{{7*7}}",
    "%s%n",
    "@JOIN_TOKEN@",
    "\u202eevil",
    "ÿ",
    "a" * 300,
    None,
    7.5,
    True,
    [],
    {},
]


@pytest.mark.parametrize("value", HOSTILE, ids=repr)
@pytest.mark.parametrize("field", sorted(set(grammar.CONFIG) - {"cni_manifest"} | {"host." + f for f in grammar.HOST}))
def test_hostile_values_are_refused_in_every_field(field: str, value: Any) -> None:
    rule = grammar.HOST[field[5:]] if field.startswith("host.") else grammar.CONFIG[field]
    may_be_empty = field in {"control_plane_endpoint", "image_repository", "bundle", "package_repository"}
    if may_be_empty and value in ("", None):
        assert rule(value) == ""
        return
    if field == "cert_sans":
        with pytest.raises(Malformed):
            grammar.certificate_names([value])
        return
    with pytest.raises(Malformed):
        rule(value)


@pytest.mark.parametrize(
    ("rule", "value", "stored"),
    [
        (grammar.name, "node-1", "node-1"),
        (grammar.address, "10.1.0.1", "10.1.0.1"),
        (grammar.address, "2001:DB8::0001", "2001:db8::1"),
        (grammar.address, "Node-1.Example.com", "node-1.example.com"),
        (grammar.port, "2222", 2222),
        (grammar.user, "_admin-1", "_admin-1"),
        (grammar.version, "1.37.2", "v1.37.2"),
        (grammar.version, "v1.38.0-rc.1", "v1.38.0-rc.1"),
        (grammar.cidr, "10.244.0.0/16", "10.244.0.0/16"),
        (grammar.cidr, "10.244.0.0/16, fd00::/48", "10.244.0.0/16,fd00::/48"),
        (grammar.endpoint, "api.example.com", "api.example.com:6443"),
        (grammar.endpoint, "[fd00::1]:443", "[fd00::1]:443"),
        (grammar.certificate_name, "*.example.com", "*.example.com"),
        (grammar.image_repository, "registry.example.com:5000/k8s", "registry.example.com:5000/k8s"),
        (grammar.package_repository, "https://pkgs.k8s.io/core:/stable:/v1.37/deb", None),
    ],
)
def test_a_value_is_stored_in_one_spelling(rule: Callable[[object], Any], value: str, stored: Any) -> None:
    assert rule(value) == (f"{value}/" if stored is None else stored)
    assert rule(rule(value)) == rule(value)


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (grammar.address, "256.1.1.1"),
        (grammar.address, "0.0.0.0"),
        (grammar.address, "fe80::1%eth0"),
        (grammar.address, "10.1"),
        (grammar.address, "-node"),
        (grammar.cidr, "10.244.0.1/16"),
        (grammar.cidr, "10.0.0.0/8,10.1.0.0/16"),
        (grammar.cidr, "10.244.0.0"),
        (grammar.port, 0),
        (grammar.port, 65536),
        (grammar.version, "1.37"),
        (grammar.version, "latest"),
        (grammar.endpoint, "https://api.example.com:6443"),
        (grammar.endpoint, "fd00::1:6443"),
        (grammar.user, "root:root"),
        (grammar.package_repository, "http://pkgs.example.com/deb/"),
        (grammar.package_repository, "https://me:secret@pkgs.example.com/deb/"),
        (grammar.package_repository, "https://pkgs.example.com/deb/?key=1"),
        (grammar.package_repository, "https://pkgs.example.com/../deb/"),
        (grammar.image_repository, "https://registry.example.com/k8s"),
        (grammar.image_repository, "registry.example.com/K8S"),
        (grammar.bundle_name, ".."),
        (grammar.bundle_name, "a/b"),
        (grammar.runtime, "docker"),
    ],
)
def test_what_only_looks_right_is_refused(rule: Callable[[object], Any], value: Any) -> None:
    with pytest.raises(Malformed) as caught:
        rule(value)

    assert caught.value.code and caught.value.detail


@pytest.mark.parametrize(
    "text",
    [
        "not: [closed",
        "just text",
        "- a\n- b\n",
        "kind: Pod\n",
        "a: &a [x]\nb: *a\n",
        "a: &a [1,1]\nb: &b [*a,*a]\nkind: X\napiVersion: v1\n",
        "!!python/object/apply:os.system ['reboot']",
        "apiVersion: v1\nkind: Pod\n\x07",
        "[" * 5000,
        "apiVersion: v1\nkind: Pod\ndata: " + "x" * (1024 * 1024),
    ],
    ids=lambda text: text[:20],
)
def test_a_network_manifest_is_plain_yaml_of_kubernetes_objects(text: str) -> None:
    with pytest.raises(Malformed):
        grammar.cni_manifest(text)


def test_reading_tells_every_field_that_is_wrong() -> None:
    accepted, wrong = grammar.read(
        grammar.HOST,
        {"name": "node-1", "address": "10.1.0.1", "port": "22", "user": "a;b", "role": "boss", "shell": "x"},
    )

    assert accepted == {"name": "node-1", "address": "10.1.0.1", "port": 22}
    assert {field: malformed.code for field, malformed in wrong.items()} == {
        "user": "user",
        "role": "role",
        "shell": "unknown_field",
    }


@pytest.mark.parametrize("value", [value for value in HOSTILE if isinstance(value, str) and value.strip()], ids=repr)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda value: (config(dns_domain=value), hosts()),
        lambda value: (config(kubernetes_version=value), hosts()),
        lambda value: (config(control_plane_endpoint=value), hosts()),
        lambda value: (config(pod_cidr=value), hosts()),
        lambda value: (config(image_repository=value), hosts()),
        lambda value: (config(cert_sans=(value,)), hosts()),
        lambda value: (config(), [replace(hosts()[0], name=value), hosts()[1]]),
        lambda value: (config(), [replace(hosts()[0], address=value), hosts()[1]]),
    ],
    ids=["dns", "version", "endpoint", "pods", "images", "sans", "host", "address"],
)
def test_a_plan_is_made_of_nothing_hostile(value: str, spoil: Callable[[str], tuple[Config, list[Host]]]) -> None:
    spoilt, machines = spoil(value)
    with pytest.raises(Malformed):
        plan("install", spoilt, machines, {}, (), {}, bundle())


def test_what_hosts_say_of_themselves_ends_in_no_script() -> None:
    """Facts come from machines that may lie; what a plan takes of them goes through the grammar too."""
    evil = "'; touch slipway-owned; '\n$(reboot)"
    lies = {
        "addresses": [{"address": evil}],
        "default_addresses": {"ipv4": evil, "ipv6": evil},
        "hostname": evil,
        "os": {"id": "debian", "id_like": [evil], "version": evil, "name": evil},
        "cgroup": {"version": evil, "controllers": [evil]},
        "packages": {"manager": evil},
    }
    machines = [replace(host, address="node.example.com") for host in hosts()]
    steps = plan("install", config(), machines, {h.name: facts(h, **lies) for h in machines}, (), {}, bundle())

    for step in steps:
        for text in (step.id, step.title, step.probe, step.script, step.verify, step.undo):
            assert "slipway-owned" not in text and "reboot" not in text
        assert all("slipway-owned" not in (file.text or "") for file in step.files)


def test_a_quoted_value_stays_one_word() -> None:
    """Even where the grammar let something through, a script's quoting would keep it a word."""
    for value in (value for value in HOSTILE if isinstance(value, str) and "\x00" not in value):
        from installs.plan.shell import script, words

        told = subprocess.run(
            ["sh", "-s"], input=script(f"say {words([value])}"), capture_output=True, text=True, check=True
        ).stdout
        assert told == f"{value}\n" or re.sub(r"\r\n?", "\n", value) in told
