"""A portal with a sandbox of its own in a temporary home, and the hands that the measurements need."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import httpx

from sandbox.bootstrap import nodes
from tests.factories.workloads import deployment
from tests.kubectl import Kubectl
from tests.portal_run import PortalRun

NAMESPACE, ENVIRONMENT, CLUSTER = "bench", "dev", "sandbox"
IMAGE = "registry.bench.example/bench"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
START_SECONDS, SETTLE_SECONDS, PATIENCE_SECONDS = 300, 600, 60
MORE_NODES = 48
S = TypeVar("S")
T = TypeVar("T")
BUSY = (httpx.codes.CONFLICT, httpx.codes.SERVICE_UNAVAILABLE)


class BenchRun(PortalRun):
    """A portal that limits no caller; its controller manager may be as slow as Kubernetes ships it."""

    def __init__(self, home: Path, *, stock_rate: bool) -> None:
        super().__init__(home, "--sandbox")
        self.stock_rate = stock_rate

    def environment(self) -> dict[str, str]:
        own = {**super().environment(), "SLIPWAY_RATE_LIMIT": "1000000", "SLIPWAY_SANDBOX_METRICS": "off"}
        return {**own, "SLIPWAY_SANDBOX_CONTROLLER_RATE": "stock"} if self.stock_rate else own

    def sandbox_status(self) -> dict[str, Any]:
        """How its sandbox is: the parts of the control plane with their process ids, and where its files are."""
        words = [sys.executable, "-m", "sandbox", "status", "--json"]
        told = subprocess.run(words, env=self.environment(), capture_output=True, check=True).stdout
        found: dict[str, Any] = json.loads(told)
        return found


@dataclass
class Bench:
    """A running portal, its API and its cluster."""

    portal: BenchRun
    api: httpx.Client
    kubectl: Kubectl
    audit_log: Path
    kubeconfig: Path
    team: str
    versions: dict[str, int] = field(default_factory=dict)
    repeated: int = 0

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Ask, and ask again while the answer is that the cluster did not answer in time, as a CI job would."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.api.post(path, json=body)
            if answer.status_code not in BUSY or time.monotonic() > give_up:
                answer.raise_for_status()
                return answer.json()
            self.repeated += 1
            time.sleep(1)

    def next_image(self, name: str) -> str:
        """An image that this Deployment has not had yet."""
        self.versions[name] = self.versions.get(name, 0) + 1
        return f"{IMAGE}:1.0.{self.versions[name]}"

    def new_service(self, name: str, replicas: int) -> None:
        """A service in the catalog whose target is a new Deployment in the sandbox."""
        self.new_deployment(name, replicas)
        self.post("services/", {"name": name, "team": self.team})
        target = {"environment": ENVIRONMENT, "cluster": CLUSTER, "namespace": NAMESPACE, "workload": name}
        self.post(f"services/{name}/targets/", target)

    def new_deployment(self, name: str, replicas: int) -> None:
        """A Deployment that Slipway does not know of: the twin of a service's is made by the same words."""
        self.kubectl.create(DEPLOYMENTS, deployment(name, f"{IMAGE}:1.0.0", replicas=replicas))

    def patch_image(self, name: str, image: str) -> None:
        """What a hand with kubectl would do."""
        container = self.kubectl.get(f"{DEPLOYMENTS}/{name}")["spec"]["template"]["spec"]["containers"][0]
        body = {"spec": {"template": {"spec": {"containers": [{**container, "image": image}]}}}}
        self.kubectl.patch(f"{DEPLOYMENTS}/{name}", body)

    def until_complete(self, *names: str, image: str = "") -> None:
        """Wait until these Deployments are complete (with this image, when it is given).

        One after another: asking for all of them again and again would be much of what a crowd costs.
        """
        for name in names:
            until(partial(self._is_complete, name, image), SETTLE_SECONDS, pause=0.01 if len(names) == 1 else 0.1)

    def _is_complete(self, name: str, image: str) -> bool:
        return is_rolled_out(self.kubectl.get(f"{DEPLOYMENTS}/{name}"), image)

    def until_ended(self, releases: set[str], *, seconds: float = SETTLE_SECONDS) -> Counter[str]:
        """Wait until these releases have ended, one after another: how many in which status."""
        give_up = time.monotonic() + seconds
        return Counter(self._status_at_end(release, give_up) for release in releases)

    def _status_at_end(self, release: str, give_up: float) -> str:
        while True:
            assert time.monotonic() < give_up, f"release {release} has not ended in time"
            answer = self.api.get(f"releases/{release}/wait/", params={"timeout": 60}).raise_for_status()
            if answer.status_code == httpx.codes.OK:
                return str(answer.json()["status"])

    def locked_errors(self) -> int:
        """How often the database was locked, by the portal's own log."""
        text = "".join(file.read_text(errors="replace") for file in (self.portal.home / "logs").glob("*.log*"))
        return len(re.findall(r"database is locked", text))


def together(do: Callable[[S], T], these: Iterable[S], *, callers: int = 8) -> list[T]:
    """Do it for each of these, a few at a time; the answers in their order."""
    with ThreadPoolExecutor(callers) as pool:
        return list(pool.map(do, these))


def signed_in(url: str, username: str, password: str) -> httpx.Client:
    """A browser of this person, signed in through the form."""
    browser = httpx.Client(base_url=url, timeout=PATIENCE_SECONDS, trust_env=False)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/sign-in/").text)
    assert token, "the sign-in form has no token"
    form = {"username": username, "password": password, "csrfmiddlewaretoken": token[1]}
    answer = browser.post("/sign-in/", data=form, headers={"Origin": url})
    assert answer.is_redirect, f"signing in answered {answer.status_code}"
    return browser


def is_rolled_out(seen: dict[str, Any], image: str = "") -> bool:
    """Whether a Deployment is complete in the sense of `kubectl rollout status`."""
    wanted, status = seen["spec"]["replicas"], seen.get("status", {})
    if image and seen["spec"]["template"]["spec"]["containers"][0]["image"] != image:
        return False
    counts = {status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")}
    return counts == {wanted} and bool(status.get("observedGeneration", 0) >= seen["metadata"]["generation"])


def until(is_so: Callable[[], object], seconds: float, *, pause: float = 0.2) -> None:
    """Wait for a condition; the run ends with an error when it does not come true in time."""
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up, f"not so after {seconds} s"
        time.sleep(pause)


@contextmanager
def bench(*, stock_rate: bool = False) -> Iterator[Bench]:
    """A portal whose sandbox is connected and whose demo shop is imported; all of it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as home:
        portal = BenchRun(Path(home), stock_rate=stock_rate)
        try:
            portal.start()
            yield _ready(portal)
        finally:
            portal.stop()


def _ready(portal: BenchRun) -> Bench:
    token = portal.manage("create_token", "admin", "--name", "bench")
    api = httpx.Client(
        base_url=f"{portal.url}/api/v1/",
        headers={"Authorization": f"Bearer {token}"},
        event_hooks={"request": [_with_key]},
        timeout=90,
        trust_env=False,
    )

    def is_connected() -> bool:
        cluster = api.get(f"clusters/{CLUSTER}/")
        return bool(cluster.status_code == 200 and cluster.json()["status"] == "connected")

    until(is_connected, START_SECONDS)
    until(lambda: api.get("services/").json()["count"] >= 1, START_SECONDS)
    status = portal.sandbox_status()
    kubectl = Kubectl(status["kubeconfig"])
    kubectl.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    _add_nodes(kubectl)
    team = api.get("teams/").json()["results"][0]["name"]
    return Bench(portal, api, kubectl, Path(status["audit_log"]), Path(status["kubeconfig"]), team)


def _add_nodes(kubectl: Kubectl) -> None:
    """Room for crowds: the sandbox has nodes for its shop, and none takes more than 110 Pods."""
    like = nodes()[0]
    for number in range(MORE_NODES):
        name = f"bench-{number}"
        labels = {**like["metadata"]["labels"], "kubernetes.io/hostname": name}
        spec = {**like["spec"], "podCIDR": f"10.244.{100 + number}.0/24", "podCIDRs": [f"10.244.{100 + number}.0/24"]}
        kubectl.create(
            "/api/v1/nodes", {**like, "metadata": {**like["metadata"], "name": name, "labels": labels}, "spec": spec}
        )


def _with_key(request: httpx.Request) -> None:
    """A caller that may try again says so: what it costs belongs to the figure."""
    if request.method == "POST":
        request.headers["Idempotency-Key"] = uuid4().hex
