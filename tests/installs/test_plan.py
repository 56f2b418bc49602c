"""What a plan says: which steps on which host in which order, and that a shell can read them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

import pytest

from installs.plan import PlanRefused, plan
from installs.plan.providing import repository_of
from installs.shapes import Acknowledged, Step
from tests.installs.site import VERSION, bundle, config, facts, hosts

KINDS: dict[str, dict[str, Any]] = {
    "install": {},
    "add_nodes": {"hosts": ["worker-1"]},
    "remove_node": {"host": "cp-2"},
    "reset": {},
    "upgrade": {"version": "v1.38.0"},
    "certificates": {},
}


REPOSITORY = "https://pkgs.k8s.io/core:/stable:/v1.37/deb/"
NETWORK = "apiVersion: v1\nkind: Namespace\nmetadata: {name: network}\n"


def planned(
    kind: str,
    control_planes: int = 3,
    workers: int = 1,
    *,
    asked: dict[str, Any] | None = None,
    acknowledged: Sequence[Acknowledged] = (),
    found: dict[str, Any] | None = None,
    **changed: Any,
) -> list[Step]:
    asked = KINDS[kind] if asked is None else asked
    machines = hosts(control_planes, workers)
    from_packages = "package_repository" in changed
    return plan(
        kind,
        config(**({"bundle": "", "cni_manifest": NETWORK} if from_packages else {}) | changed),
        machines,
        {host.name: facts(host, **(found or {})) for host in machines},
        acknowledged,
        asked,
        None if from_packages else bundle(version=asked.get("version", VERSION)),
    )


def scripts_of(steps: Sequence[Step]) -> set[str]:
    return {text for step in steps for text in (step.probe, step.script, step.verify, step.undo) if text}


def step_of(steps: Sequence[Step], key: str) -> Step:
    return next(step for step in steps if step.id == key)


def all_plans() -> list[list[Step]]:
    red_hat = {"os": {"id": "rocky", "id_like": ["rhel"]}, "packages": {}}
    return [
        *(planned(kind) for kind in KINDS),
        planned("remove_node", asked={"host": "cp-2", "gone": True}),
        *(
            planned(kind, package_repository=REPOSITORY, found=found)
            for kind in ("install", "add_nodes", "upgrade")
            for found in (None, red_hat)
        ),
    ]


@pytest.mark.parametrize("shell", [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)])
def test_every_script_is_shell(shell: str) -> None:
    command = {"dash": ["dash", "-n"], "bash": ["bash", "--posix", "-n"], "busybox": ["busybox", "sh", "-n"]}[shell]
    for text in set.union(*(scripts_of(steps) for steps in all_plans())):
        result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"{result.stderr}\n{text}"


def test_every_step_has_a_name_of_its_own_a_known_host_and_a_limit() -> None:
    for steps in all_plans():
        names = {host.name for host in hosts(3, 1)}
        assert len({step.id for step in steps}) == len(steps)
        assert all(step.host in names and 0 < step.timeout_seconds <= 3600 for step in steps)
        assert all(len(step.id) <= 128 and len(step.title) <= 200 for step in steps)
        assert [step.stage for step in steps] == sorted(step.stage for step in steps)


def test_what_is_needed_was_given_before() -> None:
    for steps in all_plans():
        given: set[str] = set()
        for step in steps:
            assert set(step.needs) <= given, step.id
            given |= set(step.gives)


def test_an_install_goes_from_machines_to_a_registered_cluster() -> None:
    steps = planned("install", control_planes=3, workers=1)

    assert [step.id for step in steps if step.stage > 3] == [
        "init:cp-1",
        "network:cp-1",
        "join-secrets:cp-1",
        "join:cp-2",
        "etcd-after-cp-2:cp-1",
        "join:cp-3",
        "etcd-after-cp-3:cp-1",
        "join:worker-1",
        "control-plane:cp-1",
        "nodes-ready:cp-1",
        "dns:cp-1",
        "access:cp-1",
        "register",
    ]
    assert [step.id for step in steps if step.host == "worker-1"] == [
        "names:worker-1",
        "kernel:worker-1",
        "swap:worker-1",
        "binaries:worker-1",
        "runtime:worker-1",
        "images:worker-1",
        "configure:worker-1",
        "join:worker-1",
    ]


def test_control_planes_join_one_by_one_and_workers_five_at_a_time() -> None:
    steps = planned("install", control_planes=3, workers=7)

    joins = [step for step in steps if step.id.startswith("join:")]
    by_stage = [[step.host for step in joins if step.stage == stage] for stage in sorted({s.stage for s in joins})]
    assert by_stage == [
        ["cp-2"],
        ["cp-3"],
        [f"worker-{n}" for n in range(1, 6)],
        ["worker-6", "worker-7"],
    ]


def test_a_cluster_of_one_machine_joins_nobody() -> None:
    steps = planned("install", control_planes=1, workers=0)

    assert not [step for step in steps if step.id.startswith("join")]
    assert "taints: []" in step_of(steps, "configure:cp-1").files[0].text  # type: ignore[operator]


def test_without_control_planes_to_join_the_certificates_are_not_shared_again() -> None:
    secrets = step_of(planned("install", control_planes=1, workers=2), "join-secrets:cp-1")

    assert secrets.gives == ("JOIN_TOKEN", "CA_CERT_HASH") and "upload-certs" not in secrets.script


def test_files_of_the_bundle_carry_their_sha256_and_are_asked_for_on_the_host() -> None:
    brought = bundle()
    step = step_of(planned("install"), "binaries:worker-1")

    members = [file for file in step.files if file.member]
    assert {file.path for file in members} >= {"/usr/local/bin/kubelet", "/opt/cni/bin/bridge"}
    assert all(file.sha256 == brought.member(file.member).sha256 for file in members)
    assert all(f"{file.sha256}  {file.path}" in step.probe for file in step.files)


def test_swap_that_somebody_took_on_stays_and_its_kubelet_bears_it() -> None:
    steps = planned("install", acknowledged=[Acknowledged("worker-1", "swap", "a test machine")])

    assert not [step for step in steps if step.id == "swap:worker-1"]
    assert [step for step in steps if step.id == "swap:cp-1"]
    assert "failSwapOn: false" in step_of(steps, "configure:worker-1").files[1].text  # type: ignore[operator]


def test_nothing_to_install_from_is_refused() -> None:
    with pytest.raises(PlanRefused, match="nothing to install from"):
        planned("install", package_repository="")


@pytest.mark.parametrize(
    ("url", "version", "folder", "expected"),
    [
        (REPOSITORY, "v1.37.2", "deb", REPOSITORY),
        (REPOSITORY, "v1.38.0", "deb", "https://pkgs.k8s.io/core:/stable:/v1.38/deb/"),
        (REPOSITORY, "v1.37.2", "rpm", "https://pkgs.k8s.io/core:/stable:/v1.37/rpm/"),
        ("https://mirror.example.com/kubernetes/", "v1.38.0", "rpm", "https://mirror.example.com/kubernetes/"),
    ],
)
def test_a_repository_follows_the_minor_and_the_package_format(
    url: str, version: str, folder: str, expected: str
) -> None:
    assert repository_of(url, version, folder) == expected


def test_packages_are_of_one_version_and_held() -> None:
    steps = planned("install", package_repository=REPOSITORY)
    script = step_of(steps, "packages:cp-1").script

    assert "'kubelet=1.37.2-*' 'kubeadm=1.37.2-*' 'kubectl=1.37.2-*'" in script
    assert "apt-mark hold kubelet kubeadm kubectl" in script


def test_added_hosts_join_and_the_others_learn_their_names() -> None:
    steps = planned("add_nodes", control_planes=1, workers=2, asked={"hosts": ["worker-2"]})

    assert [step.id for step in steps if step.stage == 1] == ["names:cp-1", "names:worker-1"]
    assert [step.id for step in steps if step.id.startswith("join")] == ["join-secrets:cp-1", "join:worker-2"]
    assert not [step for step in steps if step.id.startswith("init") or step.kind == "register"]


def test_a_worker_leaves_drained_reset_and_deleted() -> None:
    steps = planned("remove_node", control_planes=1, workers=1, asked={"host": "worker-1"})

    assert [(step.id, step.host) for step in steps][:3] == [
        ("drain:worker-1", "cp-1"),
        ("reset:worker-1", "worker-1"),
        ("delete:worker-1", "cp-1"),
    ]


def test_a_control_plane_leaves_etcd_before_its_machine_is_reset() -> None:
    ids = [step.id for step in planned("remove_node", asked={"host": "cp-2"})]

    assert ids.index("leave-etcd:cp-2") < ids.index("reset:cp-2") < ids.index("etcd-after-cp-2-left:cp-1")


def test_a_machine_that_is_gone_is_only_forgotten() -> None:
    steps = planned("remove_node", asked={"host": "cp-2", "gone": True})

    assert [step.id for step in steps] == ["leave-etcd:cp-2", "delete:cp-2", "etcd-after-cp-2-left:cp-1"]
    assert {step.host for step in steps} == {"cp-1"}


@pytest.mark.parametrize(
    ("control_planes", "endpoint", "reason"),
    [
        (1, "", "only control plane"),
        (3, "", "endpoint is the address"),
        (3, "10.1.0.1:6443", "endpoint is the address"),
    ],
)
def test_a_control_plane_that_the_cluster_stands_on_stays(control_planes: int, endpoint: str, reason: str) -> None:
    with pytest.raises(PlanRefused, match=reason):
        planned("remove_node", control_planes, asked={"host": "cp-1"}, control_plane_endpoint=endpoint)


def test_the_first_control_plane_may_leave_behind_an_endpoint_of_its_own() -> None:
    steps = planned("remove_node", asked={"host": "cp-1"}, control_plane_endpoint="api.example.com:6443")

    assert step_of(steps, "drain:cp-1").host == "cp-2"


def test_a_reset_takes_workers_first_and_the_first_control_plane_last() -> None:
    resets = [step.host for step in planned("reset", 3, 2) if step.id.startswith("reset:")]

    assert resets == ["worker-1", "worker-2", "cp-3", "cp-2", "cp-1"]


def test_an_upgrade_goes_in_the_order_of_kubeadm() -> None:
    ids = [step.id for step in planned("upgrade", control_planes=2, workers=1)]

    wanted = [
        "kubeadm:cp-1",
        "upgrade-plan:cp-1",
        "upgrade-apply:cp-1",
        "drain:cp-1",
        "kubelet:cp-1",
        "uncordon:cp-1",
        "kubeadm:cp-2",
        "upgrade-node:cp-2",
        "drain:cp-2",
        "kubelet:cp-2",
        "uncordon:cp-2",
        "kubeadm:worker-1",
        "upgrade-node:worker-1",
        "drain:worker-1",
        "kubelet:worker-1",
        "uncordon:worker-1",
    ]
    assert [key for key in ids if key in wanted] == wanted


@pytest.mark.parametrize("version", ["v1.37.2", "v1.37.1", "v1.36.9", "v1.39.0", "v2.0.0"])
def test_an_upgrade_goes_up_and_one_minor_at_a_time(version: str) -> None:
    with pytest.raises(PlanRefused):
        planned("upgrade", asked={"version": version})


def test_an_upgrade_needs_a_bundle_of_its_version() -> None:
    machines = hosts()
    with pytest.raises(PlanRefused, match=r"brings v1\.37\.2"):
        plan("upgrade", config(), machines, {}, (), {"version": "v1.38.0"}, bundle())


def test_certificates_are_renewed_on_one_control_plane_after_the_other() -> None:
    ids = [step.id for step in planned("certificates", control_planes=2, workers=1)]

    assert ids[:6] == [
        "renew:cp-1",
        "restart-control-plane:cp-1",
        "etcd-after-cp-1:cp-1",
        "renew:cp-2",
        "restart-control-plane:cp-2",
        "etcd-after-cp-2:cp-1",
    ]
