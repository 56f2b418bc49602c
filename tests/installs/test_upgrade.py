"""An upgrade is refused at once where it cannot be, offers what it can go to, and takes nothing half-done for done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from installs.bundles import first_config, next_bundle
from installs.models import InstallRun
from installs.plan import plan
from installs.shapes import Step
from tests.callers import PageClient
from tests.factories.clusters import new_cluster
from tests.factories.installs import installed
from tests.installs import site
from tests.installs.test_plan_scripts import Machine, machine

__all__ = ["machine"]

VERSIONS = {"now": "v1.37.2", "patch": "v1.37.9", "minor": "v1.38.1", "far": "v1.39.0"}


@pytest.fixture
def bundles(tmp_path: Path, settings: Any) -> None:
    """A bundle for each version."""
    settings.BUNDLES = tmp_path / "bundles"
    for name, version in VERSIONS.items():
        (settings.BUNDLES / name).mkdir(parents=True)
        site.bundle(settings.BUNDLES / name, version, name=name)


def upgrade_step(key: str) -> Step:
    machines = site.hosts(1, 1)
    facts = {host.name: site.facts(host) for host in machines}
    asked = {"version": "v1.38.1"}
    steps = plan("upgrade", site.config(), machines, facts, (), asked, site.bundle(version="v1.38.1"))
    return next(step for step in steps if step.id == key)


@pytest.mark.parametrize(
    ("wanted", "at", "code"),
    [
        ({"version": "v1.37.2", "bundle": "now"}, "/version", "runs_already"),
        ({"version": "v1.36.9", "bundle": "minor"}, "/version", "older"),
        ({"version": "v1.39.0", "bundle": "far"}, "/version", "skips_minor"),
        ({"version": "v1.38.1", "bundle": "patch"}, "/bundle", "other_version"),
        # Without one it is the install's own, which has the version that runs.
        ({"version": "v1.38.1"}, "/bundle", "other_version"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(
    api: Callable[..., Any], admin: User, bundles: None, wanted: dict[str, str], at: str, code: str
) -> None:
    install = installed(new_cluster("harbour-1"), admin, config={"bundle": "now"})
    answer = api(admin).post(f"/installs/{install.pk}/upgrade/", wanted)

    assert answer.status_code == 422, answer.content
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(at, code)]
    assert not InstallRun.objects.filter(kind="upgrade").exists()


def test_a_bundle_that_is_not_there_is_refused_before_anything_runs(
    api: Callable[..., Any], admin: User, bundles: None
) -> None:
    install = installed(new_cluster("harbour-1"), admin, config={"bundle": "now"})
    answer = api(admin).post(f"/installs/{install.pk}/upgrade/", {"version": "v1.38.1", "bundle": "none"})

    assert answer.status_code == 422 and "no offline bundle none" in answer.json()["detail"]
    assert not InstallRun.objects.filter(kind="upgrade").exists()


def test_the_plan_is_shown_before_it_starts(api: Callable[..., Any], admin: User, bundles: None) -> None:
    install = installed(new_cluster("harbour-1"), admin, config={"bundle": "now"})
    shown = api(admin).get(f"/installs/{install.pk}/plan/?kind=upgrade&version=v1.38.1&bundle=minor").json()

    assert "results" in shown, shown
    assert "Upgrade the control plane on node-1 to v1.38.1" in [step["title"] for step in shown["results"]]


def test_the_page_offers_the_newest_bundle_in_reach(
    web_client: Callable[[User], PageClient], admin: User, bundles: None
) -> None:
    install = installed(new_cluster("harbour-1"), admin, config={"bundle": "now"})
    page = web_client(admin).get(f"{install.get_absolute_url()}upgrade/").content.decode()

    assert 'value="v1.38.1"' in page and '<option value="minor" selected>' in page
    assert next_bundle("v1.38.1").name == "far"  # type: ignore[union-attr]
    assert next_bundle("v1.39.0") is None
    assert first_config() == {"kubernetes_version": "v1.39.0", "bundle": "far"}


def test_an_apply_that_was_cut_short_is_not_taken_for_done(machine: Machine) -> None:
    """kubeadm has written the new version everywhere, and the addons are still the old ones."""
    apply = upgrade_step("upgrade-apply:cp-1")
    machine.write("/etc/kubernetes/manifests/kube-apiserver.yaml", "image: registry.k8s.io/kube-apiserver:v1.38.1\n")
    machine.commands = {"kubectl": "echo '    kubernetesVersion: v1.38.1'", "kubeadm": "exit 137"}
    assert machine.play(apply.probe).returncode == 0

    assert machine.play(apply.script).returncode == 137
    assert machine.play(apply.probe).returncode != 0

    machine.commands["kubeadm"] = "exit 0"
    assert machine.play(apply.script).returncode == 0
    assert machine.play(apply.probe).returncode == 0


def test_a_kubelet_that_lies_there_and_does_not_run_yet_is_not_done(machine: Machine) -> None:
    """The file was put, and the worker died before the restart."""
    kubelet = upgrade_step("kubelet:worker-1")
    machine.commands = {"kubelet": 'echo "Kubernetes v1.38.1"', "systemctl": "echo 7"}
    runs = machine.root / "proc/7/exe"
    runs.parent.mkdir(parents=True)
    runs.symlink_to(f"{machine.root}/fakes/kubelet (deleted)")
    assert machine.play(kubelet.probe).returncode != 0

    runs.unlink()
    runs.symlink_to(machine.root / "fakes/kubelet")
    assert machine.play(kubelet.probe).returncode == 0
