"""What a rolling release costs over a plain image patch, on the real control plane of the sandbox.

Starts a portal with a sandbox of its own in a temporary home, and makes two equal Deployments: one is released through
the portal's API, its twin is patched directly. They take turns, so that both meet the same machine. Prints the time of
each, the requests that one release cost the API server (from its audit log), and the memory of every process.

Usage: python -m benchmarks.release [--rounds 10] [--replicas 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from portal.run.status import memory
from tests.kubectl import Kubectl
from tests.portal_run import PortalRun

NAMESPACE, SERVICE, TWIN, ENVIRONMENT = "bench", "bench", "bench-twin", "dev"
IMAGE = "registry.bench.example/bench"
WRITES = {"create", "update", "patch", "delete", "deletecollection"}
PROCESSES = ("web", "worker", "beat", "watch", "valkey")
POLL_SECONDS = 0.01


@dataclass
class Bench:
    """A portal, its API and its cluster."""

    portal: PortalRun
    api: httpx.Client
    kubectl: Kubectl
    audit_log: Path

    def release(self, image: str) -> tuple[float, float]:
        """Release an image through the portal; seconds until it was accepted, and until it had succeeded."""
        began = time.monotonic()
        answer = self.api.post("releases/", json={"service": SERVICE, "environment": ENVIRONMENT, "image": image})
        accepted = time.monotonic() - began
        answer.raise_for_status()
        release = answer.json()
        while True:
            waited = self.api.get(f"releases/{release['id']}/wait/", params={"timeout": 60})
            waited.raise_for_status()
            if waited.status_code == httpx.codes.OK:
                break
        status = waited.json()["status"]
        assert status == "succeeded", f"the release {status}: {waited.json().get('message')}"
        return accepted, time.monotonic() - began

    def patch(self, image: str) -> float:
        """Patch the twin's image; seconds until `kubectl rollout status` would call it complete."""
        path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{TWIN}"
        began = time.monotonic()
        container = self.kubectl.get(path)["spec"]["template"]["spec"]["containers"][0]
        body = {"spec": {"template": {"spec": {"containers": [{**container, "image": image}]}}}}
        self.kubectl.patch(path, body)
        while not rolled_out(self.kubectl.get(path)):
            time.sleep(POLL_SECONDS)
        return time.monotonic() - began

    def requests_since(self, offset: int) -> Counter[str]:
        """The portal's own requests to the API server after a position of its audit log, by verb; dry runs apart."""
        counted: Counter[str] = Counter()
        with self.audit_log.open() as log:
            log.seek(offset)
            for line in log:
                entry = json.loads(line)
                if entry.get("stage") == "ResponseComplete" and entry.get("userAgent", "").startswith("slipway/"):
                    is_dry = "dryRun=" in entry["requestURI"]
                    counted["dry run" if is_dry else entry["verb"]] += 1
        return counted


def rolled_out(deployment: dict[str, Any]) -> bool:
    """Whether a Deployment is complete in the sense of `kubectl rollout status`."""
    wanted, status = deployment["spec"]["replicas"], deployment.get("status", {})
    counts = {status.get(name, 0) for name in ("updatedReplicas", "replicas", "availableReplicas")}
    return counts == {wanted} and bool(status.get("observedGeneration", 0) >= deployment["metadata"]["generation"])


def set_up(portal: PortalRun, replicas: int) -> Bench:
    """Wait for the sandbox, and make the service with its target and the twin."""
    api = httpx.Client(
        base_url=f"{portal.url}/api/v1/",
        headers={"Authorization": f"Bearer {portal.manage('create_token', 'admin', '--name', 'bench')}"},
        timeout=90,
        trust_env=False,
    )
    while (cluster := api.get("clusters/sandbox/")).status_code != 200 or cluster.json()["status"] != "connected":
        time.sleep(0.5)
    words = [sys.executable, "-m", "sandbox", "status", "--json"]
    status = json.loads(subprocess.run(words, env=portal.environment(), capture_output=True, check=True).stdout)
    bench = Bench(portal, api, Kubectl(status["kubeconfig"]), Path(status["audit_log"]))
    while api.get("services/").json()["count"] == 0:
        time.sleep(0.5)
    team = api.get("teams/").json()["results"][0]["name"]
    bench.kubectl.create("/api/v1/namespaces", {"metadata": {"name": NAMESPACE}})
    api.post("services/", json={"name": SERVICE, "team": team}).raise_for_status()
    target = {
        "environment": ENVIRONMENT,
        "cluster": "sandbox",
        "namespace": NAMESPACE,
        "workload": SERVICE,
        "create": {"image": f"{IMAGE}:1.0.0", "replicas": replicas, "port": 8080},
    }
    api.post(f"services/{SERVICE}/targets/", json=target).raise_for_status()
    path = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments"
    made = bench.kubectl.get(f"{path}/{SERVICE}")
    labels = {"app": TWIN}
    spec = {**made["spec"], "selector": {"matchLabels": labels}}
    spec["template"] = {**spec["template"], "metadata": {"labels": labels}}
    bench.kubectl.create(path, {"metadata": {"name": TWIN}, "spec": spec})
    for name in (SERVICE, TWIN):
        while not rolled_out(bench.kubectl.get(f"{path}/{name}")):
            time.sleep(0.05)
    return bench


def measure(bench: Bench, rounds: int) -> dict[str, Any]:
    """Let the two take turns; answers medians in seconds, the ratio, and requests per release."""
    accepted, released, patched = [], [], []
    writes, reads, dry = [], [], []
    bench.release(f"{IMAGE}:1.0.1")
    bench.patch(f"{IMAGE}:1.0.1")
    for number in range(2, rounds + 2):
        offset = bench.audit_log.stat().st_size
        took = bench.release(f"{IMAGE}:1.0.{number}")
        accepted.append(took[0])
        released.append(took[1])
        requests = bench.requests_since(offset)
        writes.append(sum(count for verb, count in requests.items() if verb in WRITES))
        reads.append(sum(count for verb, count in requests.items() if verb in {"get", "list"}))
        dry.append(requests["dry run"])
        patched.append(bench.patch(f"{IMAGE}:1.0.{number}"))
    release, plain = statistics.median(released), statistics.median(patched)
    return {
        "rounds": rounds,
        "release_seconds": round(release, 3),
        "plain_patch_seconds": round(plain, 3),
        "overhead_seconds": round(release - plain, 3),
        "ratio": round(release / plain, 3),
        "accepted_seconds_median": round(statistics.median(accepted), 3),
        "accepted_seconds_longest": round(max(accepted), 3),
        "writes_per_release": statistics.mean(writes),
        "reads_per_release": statistics.mean(reads),
        "dry_runs_per_release": statistics.mean(dry),
        "memory": {name: memory(bench.portal.pid(name)) for name in PROCESSES},
    }


def main() -> int:
    """The command line; answers the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--replicas", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write the numbers there as well")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as home:
        portal = PortalRun(Path(home), "--sandbox")
        try:
            portal.start()
            numbers = measure(set_up(portal, asked.replicas), asked.rounds)
        finally:
            portal.stop()
    for name, value in numbers.items():
        print(f"{name.replace('_', ' '):<28}{value}")
    if asked.json:
        asked.json.write_text(json.dumps(numbers, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
