"""Who brings a new version by canary: Slipway, and the peer, on the same control plane and asked for the same steps."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import yaml

from benchmarks.memory import resident_mb
from benchmarks.portal import ENVIRONMENT, IMAGE, NAMESPACE, Bench, together, until
from sandbox import toolchain
from sandbox.build import Programs, Tool, build_programs
from sandbox.progress import Terminal
from tests.factories.workloads import deployment

PEER = Programs(
    Path(__file__).parent / "peer",
    (Tool("rollouts-controller", "github.com/argoproj/argo-rollouts/cmd/rollouts-controller"),),
)
PEER_MODULE = "github.com/argoproj/argo-rollouts"
ROLLOUTS = f"/apis/argoproj.io/v1alpha1/namespaces/{NAMESPACE}/rollouts"
SETTLE_SECONDS = 900
# Weights in percent; None: a stop for a person; else seconds.
Steps = list[tuple[str, int | None]]


# What a Deployment has that says nothing, and so what Slipway's canaries keep to here.
BOUNDS = {"maxSurge": "25%", "maxUnavailable": "25%"}


class Bringer(Protocol):
    """What a crowd asks of each."""

    name: str
    agent: str

    def make(self, names: list[str], replicas: int) -> None:
        """Workloads of that many Pods at version 1, ready to be released."""

    def start(self, name: str, image: str, steps: Steps) -> None:
        """Begin a canary."""

    def until_done(self, names: list[str], image: str) -> None:
        """Wait until all of them run `image` as their only version and say that they are done."""

    def processes(self) -> dict[str, int]:
        """Ids of processes that work for it alone, beside the portal and the control plane."""


class Contender(Bringer, Protocol):
    """What the other measurements ask besides."""

    def until_stopped(self, name: str) -> None:
        """Wait until it stands at a stop."""

    def abort(self, name: str) -> None:
        """Ask for the way back."""

    def kill(self) -> None:
        """Kill -9 the process that moves canaries. What restarts it is the contender's own supervisor."""

    def memory_mb(self) -> float:
        """Of the process that moves canaries."""


class Slipway:
    """The portal of this run, over its API."""

    name, agent = "Slipway", "slipway/"

    def __init__(self, run: Bench) -> None:
        self.run = run
        self.releases: dict[str, str] = {}

    def make(self, names: list[str], replicas: int) -> None:
        together(lambda name: self.run.new_service(name, replicas), names)
        self.run.until_complete(*names)

    def start(self, name: str, image: str, steps: Steps) -> None:
        asked = [{"pause": {} if n is None else {"seconds": n}} if kind == "pause" else {kind: n} for kind, n in steps]
        strategy = {"type": "canary", "traffic": "replicas", "steps": asked}
        wish = {"service": name, "environment": ENVIRONMENT, "image": image, "strategy": strategy}
        self.releases[name] = self.run.post("releases/", wish)["id"]

    def until_done(self, names: list[str], image: str) -> None:
        ended = self.run.until_ended({self.releases[name] for name in names})
        assert set(ended) == {"succeeded"}, f"releases ended as {dict(ended)}"

    def until_stopped(self, name: str) -> None:
        until(lambda: self._read(name)["status"] == "paused", SETTLE_SECONDS, pause=0.05)

    def abort(self, name: str) -> None:
        self.run.post(f"releases/{self.releases[name]}/abort/", {})

    def kill(self) -> None:
        os.kill(self.run.portal.pid("worker"), signal.SIGKILL)

    def processes(self) -> dict[str, int]:
        return {}

    def memory_mb(self) -> float:
        return resident_mb(self.run.portal.pid("worker"))

    def _read(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.run.api.get(f"releases/{self.releases[name]}/").raise_for_status().json()
        return answer


class Rollouts:
    """Argo Rollouts' controller, restarted at once when it dies, as a kubelet would."""

    name, agent = "Argo Rollouts", "rollouts-controller/"

    def __init__(self, run: Bench, kubeconfig: Path, *, qps: int | None = None) -> None:
        """With `qps` its own limit on requests is lifted to that."""
        self.run, self._kubeconfig = run, kubeconfig
        self._limits = [] if qps is None else [f"--qps={qps}", f"--burst={2 * qps}"]
        self._process: subprocess.Popen[bytes] | None = None
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by stop

    def begin(self) -> None:
        """Build it if need be, give the cluster its kinds, and start it."""
        terminal = Terminal()
        try:
            self._program = build_programs(PEER, terminal.show) / PEER.tools[0].name
        finally:
            terminal.close()
        for file in sorted((_peer_folder() / "manifests" / "crds").glob("*-crd.yaml")):
            kind = yaml.load(file.read_text(), Loader=yaml.CSafeLoader)
            path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
            if not self.run.kubectl.exists(f"{path}/{kind['metadata']['name']}"):
                self.run.kubectl.create(path, kind)
        until(lambda: self.run.kubectl.exists(ROLLOUTS), 60)
        # It leads by a lease in a namespace that its own manifests make.
        if not self.run.kubectl.exists("/api/v1/namespaces/argo-rollouts"):
            self.run.kubectl.create("/api/v1/namespaces", {"metadata": {"name": "argo-rollouts"}})
        self._spawn()

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(20)
        self._log.close()

    def make(self, names: list[str], replicas: int) -> None:
        together(lambda name: self.run.kubectl.create(ROLLOUTS, _rollout(name, replicas)), names)
        self.until_done(names, f"{IMAGE}:1.0.0")

    def start(self, name: str, image: str, steps: Steps) -> None:
        asked = [
            {"pause": {} if n is None else {"duration": n}} if kind == "pause" else {"setWeight": n}
            for kind, n in steps
        ]
        template = _rollout(name, 1)["spec"]["template"]
        template["spec"]["containers"][0]["image"] = image
        canary = {"canary": {"steps": asked, **BOUNDS}}
        self.run.kubectl.patch(f"{ROLLOUTS}/{name}", {"spec": {"template": template, "strategy": canary}})

    def until_done(self, names: list[str], image: str) -> None:
        for name in names:
            until(partial(self._is_done, name, image), SETTLE_SECONDS, pause=0.1)

    def _is_done(self, name: str, image: str) -> bool:
        return _is_healthy(self.run.kubectl.get(f"{ROLLOUTS}/{name}"), image)

    def until_stopped(self, name: str) -> None:
        until(
            lambda: self.run.kubectl.get(f"{ROLLOUTS}/{name}")["status"].get("pauseConditions"),
            SETTLE_SECONDS,
            pause=0.05,
        )

    def abort(self, name: str) -> None:
        self.run.kubectl.patch(f"{ROLLOUTS}/{name}/status", {"status": {"abort": True}})

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._spawn()

    def processes(self) -> dict[str, int]:
        assert self._process is not None
        return {"rollouts-controller": self._process.pid}

    def memory_mb(self) -> float:
        assert self._process is not None
        return resident_mb(self._process.pid)

    def _spawn(self) -> None:
        words = [str(self._program), f"--kubeconfig={self._kubeconfig}", "--loglevel=warn"]
        # Any free ports: nobody asks it there.
        words += ["--metricsPort=18090", "--healthzPort=18091", *self._limits]
        self._process = subprocess.Popen(words, stdout=self._log, stderr=subprocess.STDOUT)


def pods_of(run: Bench, name: str) -> list[dict[str, Any]]:
    """The Pods of a workload, those that are going among them."""
    found: list[dict[str, Any]] = run.kubectl.get(f"/api/v1/namespaces/{NAMESPACE}/pods?labelSelector=app%3D{name}")[
        "items"
    ]
    return found


def only(pods: list[dict[str, Any]], image: str, count: int) -> bool:
    """Whether exactly `count` Pods are there, all ready and of this image."""
    return len(pods) == count and all(
        pod["spec"]["containers"][0]["image"] == image
        and any(one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))
        for pod in pods
    )


def seconds_until(is_so: Any) -> float:
    """How long it took to come true."""
    began = time.monotonic()
    until(is_so, SETTLE_SECONDS, pause=0.02)
    return time.monotonic() - began


def _rollout(name: str, replicas: int) -> dict[str, Any]:
    made = deployment(name, f"{IMAGE}:1.0.0", replicas=replicas)
    spec = {**made["spec"], "strategy": {"canary": BOUNDS}}
    return {**made, "apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "spec": spec}


def _is_healthy(rollout: dict[str, Any], image: str) -> bool:
    status = rollout.get("status", {})
    return bool(
        status.get("phase") == "Healthy"
        and rollout["spec"]["template"]["spec"]["containers"][0]["image"] == image
        and status.get("observedGeneration") == str(rollout["metadata"]["generation"])
        and status.get("stableRS") == status.get("currentPodHash")
        and status.get("replicas") == rollout["spec"]["replicas"] == status.get("availableReplicas")
    )


def _peer_folder() -> Path:
    go = toolchain.own_go() or toolchain.wheel_go()
    words = [str(go), "list", "-m", "-f", "{{.Dir}}", PEER_MODULE]
    said = subprocess.run(
        words, cwd=PEER.module, env=toolchain.environment(), check=True, capture_output=True, text=True
    )
    return Path(said.stdout.strip())
