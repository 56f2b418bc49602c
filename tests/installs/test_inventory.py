"""Inventories in and out: nothing is lost on the way, nothing hostile comes in, no secret goes out."""

from __future__ import annotations

import contextlib
import dataclasses
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from installs import grammar
from installs.inventory import FORMATS, InventoryRefused, read, write
from installs.shapes import Config, Host

KUBESPRAY = """
# a comment
[all]
cp-1 ansible_host=10.0.0.1 ip=192.168.0.1 etcd_member_name=etcd1
cp-2 ansible_host=10.0.0.2 ansible_port=2222
cp-3 ansible_host=10.0.0.3
worker-[01:03] ansible_user=ubuntu  # three of them
lonely ansible_host=10.0.0.9
gate ansible_host=203.0.113.1 ansible_user=jump

[bastion]
gate

[kube_control_plane]
cp-1
cp-2
cp-3

[etcd:children]
kube_control_plane

[workers]
worker-[01:03]

[kube_node:children]
workers

[k8s_cluster:children]
kube_control_plane
kube_node

[k8s_cluster:vars]
kube_version=1.37.2
kube_pods_subnet=10.233.64.0/18
kube_service_addresses=10.233.0.0/18
ansible_user = admin
"""

HEAD = "apiVersion: slipway.dev/v1\nkind: Inventory\n"
LABELS = st.from_regex(r"\A[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?\Z")
ADDRESSES = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.builds("{}.{}".format, LABELS, st.just("example.com")),
).filter(lambda text: held(grammar.address, text))
USERS = st.from_regex(r"\A[a-z_][a-z0-9_-]{0,31}\Z")
HOSTS = st.lists(
    st.builds(
        Host,
        name=LABELS,
        address=ADDRESSES,
        role=st.sampled_from(["control_plane", "worker", "jump"]),
        port=st.integers(1, 65535),
        user=USERS,
    ),
    min_size=1,
    max_size=6,
    unique_by=(lambda host: host.name, lambda host: (host.address, host.port)),
)
CONFIGS = st.builds(
    Config,
    name=LABELS,
    kubernetes_version=st.sampled_from(["v1.37.2", "v1.31.0", "v1.38.0-rc.1"]),
    pod_cidr=st.sampled_from(["10.244.0.0/16", "10.0.0.0/12,fd00:10::/56"]),
    service_cidr=st.sampled_from(["10.96.0.0/12", "192.168.0.0/20"]),
    dns_domain=st.sampled_from(["cluster.local", "no", "k8s.example.com"]),
    control_plane_endpoint=st.sampled_from(["", "api.example.com:6443", "[fd00::1]:6443"]),
    cni=st.sampled_from(["kube-router", "calico", "none", "on", "1e3"]),
    cni_manifest=st.sampled_from(
        ["", "apiVersion: v1\nkind: List\n", "# a: b\napiVersion: v1\nkind: X\nspec: |\n  a\n\n  b: 'c'\n"]
    ),
    image_repository=st.sampled_from(["", "registry.example.com:5000/k8s"]),
    bundle=st.sampled_from(["", "site-1.37", "007"]),
    package_repository=st.sampled_from(["", "https://pkgs.example.com/deb/"]),
    cert_sans=st.sampled_from([(), ("*.example.com", "10.0.0.1")]),
)


def held(rule: object, text: str) -> bool:
    try:
        return bool(rule(text) == text)  # type: ignore[operator]
    except grammar.Malformed:
        return False


@given(CONFIGS, HOSTS)
def test_our_own_format_loses_nothing(config: Config, hosts: list[Host]) -> None:
    found = read(write("slipway", config, hosts))

    assert list(found.hosts) == hosts
    assert Config(**found.config) == config
    assert found.notes == ()


@given(CONFIGS, HOSTS)
def test_what_was_read_is_written_as_it_was(config: Config, hosts: list[Host]) -> None:
    for format in FORMATS:
        if format != "slipway" and not any(host.role != "jump" for host in hosts):
            continue
        text = write(format, config, hosts)
        found = read(text, format=format)

        assert write(format, Config(**{**dataclasses.asdict(config), **found.config}), found.hosts) == text


@given(HOSTS)
def test_kubespray_keeps_hosts_in_their_order(hosts: list[Host]) -> None:
    if any(host.role != "jump" for host in hosts):
        text = write("kubespray", Config("shop", "v1.37.2"), hosts)

        assert list(read(text, format="kubespray").hosts) == hosts


def test_kubespray_as_people_write_it() -> None:
    found = read(KUBESPRAY)

    assert [(host.name, host.address, host.port, host.user, host.role) for host in found.hosts] == [
        ("cp-1", "10.0.0.1", 22, "admin", "control_plane"),
        ("cp-2", "10.0.0.2", 2222, "admin", "control_plane"),
        ("cp-3", "10.0.0.3", 22, "admin", "control_plane"),
        ("worker-01", "worker-01", 22, "ubuntu", "worker"),
        ("worker-02", "worker-02", 22, "ubuntu", "worker"),
        ("worker-03", "worker-03", 22, "ubuntu", "worker"),
        ("gate", "203.0.113.1", 22, "jump", "jump"),
    ]
    assert found.config == {
        "kubernetes_version": "v1.37.2",
        "pod_cidr": "10.233.64.0/18",
        "service_cidr": "10.233.0.0/18",
    }
    assert any("lonely is in no group" in note for note in found.notes)
    assert any("ip of cp-1" in note for note in found.notes)


def test_older_names_of_groups_and_a_host_of_both_roles() -> None:
    found = read("a ansible_host=10.0.0.1\nb ansible_host=10.0.0.2\n[kube-master]\na\n[kube-node]\na\nb\n")

    assert [(host.name, host.role) for host in found.hosts] == [("a", "control_plane"), ("b", "worker")]
    assert any("a is control plane and node" in note for note in found.notes)


def test_passwords_are_left_out_and_never_written() -> None:
    text = "[kube_node]\na ansible_host=10.0.0.1 ansible_password=hunter2 ansible_become_password='s3 cret'\n"
    found = read(text)
    own = read(f"{HEAD}hosts:\n- {{name: a, address: 10.0.0.1, role: worker, password: hunter2}}\n")

    assert any("ansible_password of a was left out" in note for note in found.notes)
    assert any("password of a was left out" in note for note in own.notes)
    for format in FORMATS:
        for one in (found, own):
            assert "hunter2" not in write(format, Config("shop", "v1.37.2"), one.hosts) + repr(one)


@pytest.mark.parametrize(
    "value",
    [
        "-oProxyCommand=touch owned",
        "10.0.0.1 -oProxyCommand=x",
        "$(id)",
        "`id`",
        "a;id",
        "a|id",
        "a&b",
        "a\nb",
        "a\x00b",
        "a\x1b[2J",
        "../../etc",
        "%h",
        "a'b",
        'a"b',
        "",
        "A" * 300,
        "0x7f.1",
        "0.0.0.0",
        "fe80::1%eth0;id",
    ],
)
@pytest.mark.parametrize("field", ["name", "address", "user", "port", "role"])
def test_hostile_values_are_refused_in_every_field_of_every_format(field: str, value: str) -> None:
    import yaml

    host = {"name": "a", "address": "10.0.0.1", "user": "root", "port": "22", "role": "worker", field: value}
    own = yaml.safe_dump({"apiVersion": "slipway.dev/v1", "kind": "Inventory", "hosts": [host]})
    with pytest.raises(InventoryRefused) as refused:
        read(own)
    assert refused.value.detail.isprintable()

    if field != "role" and value:
        words = "'" + value.replace("'", "'\"'\"'") + "'"
        line = {
            "name": f"{words} ansible_host=10.0.0.1",
            "address": f"a ansible_host={words}",
            "user": f"a ansible_host=10.0.0.1 ansible_user={words}",
            "port": f"a ansible_host=10.0.0.1 ansible_port={words}",
        }[field]
        with pytest.raises(InventoryRefused):
            read(f"[kube_node]\n{line}\n")


def test_what_would_run_on_the_portal_is_left_out() -> None:
    found = read("[kube_node]\na ansible_host=10.0.0.1 ansible_ssh_common_args='-o ProxyCommand=\"touch owned\"'\n")

    assert "touch" not in repr(found)
    assert any("ansible_ssh_common_args of a was left out" in note for note in found.notes)


@pytest.mark.parametrize(
    "text",
    [
        "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
        "apiVersion: slipway.dev/v1\nkind: Inventory\nhosts: !!python/object/apply:os.system ['id']\n",
        "apiVersion: slipway.dev/v1\nkind: Inventory\nkind: Inventory\nhosts: []\n",
        "apiVersion: slipway.dev/v1\nkind: Inventory\n---\nhosts: []\n",
        "apiVersion: slipway.dev/v1\nkind: Inventory\nhosts: []\n",
        "apiVersion: slipway.dev/v1\nkind: Inventory\nhosts: {a: b}\n",
        "apiVersion: slipway.dev/v1\nkind: Inventory\nhosts: [a]\n",
        "apiVersion: slipway.dev/v1\nkind: Inventory\nhosts: [{name: a, address: b, role: worker, extra: x}]\n",
        "apiVersion: slipway.dev/v1\nkind: Inventory\nhosts: [{name: a, address: [b], role: worker}]\n",
        f"{HEAD}cluster: {{pod_cidr: $(id)}}\nhosts: [{{name: a, address: b, role: worker}}]\n",
        "apiVersion: v1\nkind: Secret\n",
        "[" * 5000,
        "- " * 5000,
        "{" * 200,
        "",
        "\ufeff",
        "just words",
        "[kube_node]\n",
        "[kube_node]\na ansible_host=10.0.0.1\na[1:999999]\n",
        "[kube_node]\n" + "\n".join(f"n{i} ansible_host=10.0.{i // 250}.{i % 250 + 1}" for i in range(201)),
        "[kube_node]\na ansible_host='10.0.0.1\n",
        "[kube_node]\na ansible_host\n",
        "[kube_node]\na ansible_host=10.0.0.1\nb ansible_host=10.0.0.1\n",
        "[kube_node:vars]\nno equals\n",
        "[kube_node]\n" + " " * 5000 + "a\n",
        "[etcd]\ne ansible_host=10.0.0.9\n[kube_node]\na ansible_host=10.0.0.1\n",
        "\n".join(f"[g{i}]\nh ansible_host=10.0.0.1" for i in range(5000)),
    ],
)  # fmt: skip
def test_bombs_and_nonsense_are_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(InventoryRefused) as refused:
        read(text)

    assert refused.value.detail.isprintable() and len(refused.value.detail) < 400


def test_groups_that_contain_each_other_come_to_an_end() -> None:
    text = "[a:children]\nb\n[b:children]\na\n[kube_node:children]\na\n[b]\nx ansible_host=10.0.0.1\n"

    assert [host.name for host in read(text).hosts] == ["x"]


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(InventoryRefused):
        read("[kube_node]\n" + "# x\n" * 400_000)
    with pytest.raises(InventoryRefused):
        read("a: " + "x" * 2_000_000)


@given(st.text(alphabet=string.printable, max_size=300))
def test_any_text_is_read_or_refused(text: str) -> None:
    for format in ("", *FORMATS):
        with contextlib.suppress(InventoryRefused):
            read(text, format=format)


KUBEKEY_HEAD = "apiVersion: kubekey.kubesphere.io/v1\nkind: Inventory\n"
KUBEKEY = """
apiVersion: kubekey.kubesphere.io/v1alpha2
kind: Cluster
metadata: {name: sample}
spec:
  hosts:
  - {name: master1, address: 10.0.0.1, internalAddress: 10.0.0.1, port: 8022, user: ubuntu, password: "Qcloud@123"}
  - {name: node1, address: 10.0.0.2, internalAddress: 10.0.0.2, privateKeyPath: "~/.ssh/id_rsa"}
  - {name: node2, internalAddress: 10.0.0.3}
  roleGroups:
    etcd: [master1]
    control-plane: [master1]
    worker: ["node[1:2]"]
  controlPlaneEndpoint: {domain: lb.kubesphere.local, address: "", port: 6443}
  kubernetes: {version: v1.33.1, clusterName: cluster.local}
  network: {plugin: calico, kubePodsCIDR: 10.233.64.0/18, kubeServiceCIDR: 10.233.0.0/18}
"""

SEALOS = """
apiVersion: apps.sealos.io/v1beta1
kind: Cluster
metadata: {name: default}
spec:
  hosts:
  - ips: ["192.168.0.2:22", "192.168.0.3:22"]
    roles: [master, amd64]
  - ips: ["192.168.0.5:2222"]
    roles: [node, amd64]
  image: ["labring/kubernetes:v1.29.9-4.3", "labring/calico:v3.26"]
  ssh: {user: admin, passwd: hunter2, port: 22}
"""


def test_kubekeys_older_file_is_read() -> None:
    found = read(KUBEKEY)

    assert [(host.name, host.address, host.port, host.user, host.role) for host in found.hosts] == [
        ("master1", "10.0.0.1", 8022, "ubuntu", "control_plane"),
        ("node1", "10.0.0.2", 22, "root", "worker"),
        ("node2", "10.0.0.3", 22, "root", "worker"),
    ]
    assert found.config["kubernetes_version"] == "v1.33.1" and found.config["cni"] == "calico"
    assert "control_plane_endpoint" not in found.config
    assert "Qcloud" not in repr(found) and len(found.notes) == 2


def test_sealos_file_is_read_and_hosts_get_names() -> None:
    found = read(SEALOS)

    assert [(host.name, host.address, host.port, host.user) for host in found.hosts] == [
        ("control-plane-1", "192.168.0.2", 22, "admin"),
        ("control-plane-2", "192.168.0.3", 22, "admin"),
        ("worker-1", "192.168.0.5", 2222, "admin"),
    ]
    assert found.config == {"kubernetes_version": "v1.29.9"}
    assert "hunter2" not in repr(found) and found.notes


@given(HOSTS)
def test_kubekeys_inventory_keeps_its_hosts(hosts: list[Host]) -> None:
    nodes = [host for host in hosts if host.role != "jump"]
    if nodes:
        assert list(read(write("kubekey", Config("shop", "v1.37.2"), hosts)).hosts) == nodes


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: kubekey.kubesphere.io/v1\nkind: Secret\n",
        f"{KUBEKEY_HEAD}spec: []\n",
        f"{KUBEKEY_HEAD}spec: {{hosts: {{a: b}}}}\n",
        f"{KUBEKEY_HEAD}spec: {{hosts: {{a: {{}}}}, groups: {{kube_worker: {{hosts: a}}}}}}\n",
        f"{KUBEKEY_HEAD}spec:\n  hosts: {{a: {{connector: {{host: '-oProxyCommand=x'}}}}}}\n"
        "  groups: {kube_worker: {hosts: [a]}}\n",
        "apiVersion: kubekey.kubesphere.io/v1alpha2\nkind: Cluster\nspec: {roleGroups: {worker: ['n[1:9999]']}}\n",
        "apiVersion: apps.sealos.io/v1beta1\nkind: Cluster\nspec: {hosts: [a]}\n",
        "apiVersion: apps.sealos.io/v1beta1\nkind: Cluster\nspec: {hosts: [{ips: ['$(id):22'], roles: [node]}]}\n",
        "apiVersion: apps.sealos.io/v1beta1\nkind: Cluster\nspec: {hosts: [{ips: ['10.0.0.1:99999']}]}\n",
        "apiVersion: apps.sealos.io/v1beta1\nkind: Cluster\nspec: {}\n",
    ],
)  # fmt: skip
def test_what_is_wrong_in_files_of_others_is_refused(text: str) -> None:
    with pytest.raises(InventoryRefused):
        read(text)


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(InventoryRefused):
        read(KUBESPRAY, format="toml")
    with pytest.raises(InventoryRefused):
        write("toml", Config("shop", "v1.37.2"), [])
