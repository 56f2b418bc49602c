"""A portal, its cluster, and workloads that are released while something dies."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

from sandbox.cluster import Sandbox
from sandbox.records import read_records
from tests.factories.workloads import deployment
from tests.kubectl import Kubectl
from tests.portal_run import PortalRun

IMAGE = "registry.shop.example/web"
PORTAL_PARTS = ("worker", "watch", "beat", "web", "valkey")
CLUSTER_PARTS = ("kube-apiserver", "etcd", "kube-controller-manager")
# A part is started again at once; on a busy machine that takes its time all the same.
BACK_WITHIN_SECONDS = 90.0
PATIENCE_SECONDS = 300.0
GETS_ON_WITHIN_SECONDS = 15.0
LOOK_EVERY_SECONDS = 0.25


def until(is_so: Callable[[], object], *, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for a condition of the portal or the cluster, and leave them time to bring it about."""
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up, f"not so after {seconds} s"
        time.sleep(LOOK_EVERY_SECONDS)


class Field:
    """The portal is asked over REST, as an admin; the cluster by its own kubeconfig."""

    def __init__(self, portal: PortalRun, sandbox: Sandbox) -> None:
        self.portal = portal
        self.sandbox = sandbox
        self.kubectl = Kubectl(sandbox.kubeconfig)
        token = portal.manage("create_token", "admin", "--name", "tests")
        self.http = httpx.Client(
            base_url=f"{portal.url}/api/v1",
            headers={"Authorization": f"Bearer {token}"},
            timeout=30,
            trust_env=False,
        )

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """One call that is granted; asked again while the web process is starting again."""
        answer = self.answer(method, path, body)
        assert answer.is_success, f"{method} {path}: {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def answer(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """What the portal says, asked again until it says something. A POST carries a key, so it counts once."""
        headers = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = self.http.request(method, path, json=body, headers=headers)
            except httpx.TransportError as error:
                said = repr(error)
            else:
                said = answer.text
                # The web process that died held the key of this POST; its claim lapses after a minute.
                if answer.status_code < 500 and "idempotency_in_progress" not in said:
                    return answer
            assert time.monotonic() < give_up, f"{method} {path}: {said}"
            time.sleep(0.2)

    def see_it_get_on(self, namespace: str, *, seconds: float = GETS_ON_WITHIN_SECONDS) -> None:
        """Wait until a Deployment or a ReplicaSet of a namespace is another than now, but no longer than so long.

        That something was written shows that worker, cluster and what lies between are back at work.
        """
        give_up = time.monotonic() + seconds
        before = self._generations(namespace)
        while time.monotonic() < give_up:
            now = self._generations(namespace)
            before = before or now
            if now and now != before:
                return
            time.sleep(LOOK_EVERY_SECONDS)

    def _generations(self, namespace: str) -> dict[str, int]:
        """Of all Deployments and ReplicaSets by uid; empty while the API server is starting again."""
        found: dict[str, int] = {}
        for plural in ("deployments", "replicasets"):
            try:
                answer = self.kubectl.http.get(f"/apis/apps/v1/namespaces/{namespace}/{plural}")
            except httpx.TransportError:
                return {}
            if not answer.is_success:
                return {}
            found |= {one["metadata"]["uid"]: one["metadata"]["generation"] for one in answer.json()["items"]}
        return found

    def webs(self, count: int, *, cluster: str = "sandbox", replicas: int = 2) -> list[Web]:
        """So many Deployments of 1.0, ready, each the target of a service of its own."""
        namespace = f"f-{uuid4().hex[:8]}"
        self.kubectl.create(
            "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        )
        self.call("POST", "/teams/", {"name": namespace, "title": ""})
        webs = [Web(self, namespace, f"{namespace}-{number}") for number in range(count)]
        bounds = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
        for web in webs:
            body = deployment(web.name, f"{IMAGE}:1.0", replicas=replicas, strategy=bounds)
            self.kubectl.create(web.path.rpartition("/")[0], body)
        for web in webs:
            self.call("POST", "/services/", {"name": web.name, "team": namespace})
            target = {"environment": "dev", "cluster": cluster, "namespace": namespace, "workload": web.name}
            self.call("POST", f"/services/{web.name}/targets/", target)
        for web in webs:
            until(lambda web=web: web.live()["status"].get("readyReplicas") == replicas)
        return webs

    def kill(self, part: str) -> None:
        """Kill -9 a part of the portal or of the cluster."""
        if part in PORTAL_PARTS:
            os.kill(self.portal.pid(part), signal.SIGKILL)
        else:
            self.sandbox.kill(part)

    def pid_of(self, part: str) -> int:
        """The process that was started last as this part; 0 while there is none."""
        if part in PORTAL_PARTS:
            try:
                return self.portal.pid(part)
            except (FileNotFoundError, IndexError):
                return 0
        record = read_records(self.sandbox.audit_log.parents[1] / "processes.json").get(part)
        return record.pid if record else 0

    def kill_and_see_it_back(self, part: str) -> float:
        """Kill -9 a part and wait until another process has taken its place. Answers the seconds between."""
        until(lambda: _is_alive(self.pid_of(part)), seconds=BACK_WITHIN_SECONDS)
        killed, before = self.pid_of(part), time.monotonic()
        self.kill(part)
        until(lambda: self.pid_of(part) not in (0, killed), seconds=BACK_WITHIN_SECONDS)
        return time.monotonic() - before


def _is_alive(pid: int) -> bool:
    """Whether the process runs: a part may be down because of what died before it."""
    if not pid:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Web:
    """One Deployment and its service, both of the same name."""

    def __init__(self, field: Field, namespace: str, name: str) -> None:
        self.field = field
        self.namespace = namespace
        self.name = name
        self.path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"

    def live(self) -> dict[str, Any]:
        """The Deployment as it is now; the API server may be starting again."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = self.field.kubectl.http.get(self.path)
                if answer.status_code == 200:
                    found: dict[str, Any] = answer.json()
                    return found
                said = answer.text
            except httpx.TransportError as error:
                said = repr(error)
            assert time.monotonic() < give_up, said
            time.sleep(0.2)

    @property
    def generation(self) -> int:
        return int(self.live()["metadata"]["generation"])

    def deploy(self, version: str, strategy: dict[str, Any] | None = None) -> str:
        """Start a release, asked for anew while the cluster cannot be asked about its target; answers its id."""
        wish: dict[str, Any] = {"service": self.name, "environment": "dev", "image": f"{IMAGE}:{version}"}
        wish |= {"strategy": strategy} if strategy else {}
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = self.field.answer("POST", "/releases/", wish)
            if answer.is_success:
                return str(answer.json()["id"])
            blocked_by = [one["kind"] for one in answer.json().get("blocked_by", [])]
            assert blocked_by == ["cluster"], answer.text
            assert time.monotonic() < give_up, answer.text
            time.sleep(1)

    def release(self, release_id: str) -> dict[str, Any]:
        return self.field.call("GET", f"/releases/{release_id}/")

    def until_phase(self, release_id: str, *phases: str) -> None:
        until(lambda: self.release(release_id)["phase"] in phases)

    def to_the_end(self, release_id: str) -> dict[str, Any]:
        """The release once it has ended: `aborted` is said when traffic is back, which comes before the end."""
        until(lambda: self.release(release_id)["finished_at"])
        return self.release(release_id)

    def timeline(self, release_id: str) -> list[str]:
        """The kinds of its events, which are numbered without a gap."""
        events = self.field.call("GET", f"/releases/{release_id}/events/?limit=200")["results"]
        assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
        return [event["kind"] for event in events]

    def ended_right(self, release_id: str, status: str, version: str, *, generation: int) -> dict[str, Any]:
        """Wait for the end; it is the expected one, happened once, and left nothing behind."""
        release = self.to_the_end(release_id)
        assert release["status"] == status, release["message"]
        live = self.live()
        assert live["spec"]["template"]["spec"]["containers"][0]["image"] == f"{IMAGE}:{version}"
        assert live["metadata"]["generation"] == generation, f"{self.timeline(release_id)}"
        assert not [name for name in live["metadata"]["labels"] if name.startswith("slipway.dev/")]
        assert not [name for name in live["metadata"].get("annotations", {}) if name.startswith("slipway.dev/")]
        kinds = self.timeline(release_id)
        for once in ("release.start", "checks.pass", "step.started", "step.finished"):
            assert kinds.count(once) <= 1, kinds
        ends = [kind for kind in kinds if kind in ("release.succeed", "release.fail")]
        assert len(ends) == (status in ("succeeded", "failed")), kinds
        return release
