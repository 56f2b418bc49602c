"""Fills a database with an organisation: services, targets, clusters, what watchers saw there, and past releases.

The rows are made by the same code that reads an API server's objects, so that a page meets the JSON it meets in life.
About one target in a hundred is unwell. People: `bench-admin` sees everything, `bench-dev` one team of forty.

Usage: python -m benchmarks.seed [--services 10000] [--clusters 100] [--releases 5000]
       into the database that SLIPWAY_HOME or SLIPWAY_DATABASE_URL names; it must be empty.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import django

from benchmarks.seed_gates import fill_gates
from benchmarks.seed_installs import fill_installs

if TYPE_CHECKING:
    from django.db.models import Model

    from clusters.models import Cluster, Observation
    from deployments.models import Release, Revision
    from services.models import Environment, Service, Target

BATCH = 2000
WAITING = 120
# Of the services, those whose next version runs in dev only.
AHEAD_ONE_IN = 5
TEAMS = 40
NODES_OF_A_CLUSTER = 8
# Ten pods a service, and the three environments share the clusters in these parts of a hundred.
REPLICAS = {"dev": 2, "staging": 3, "prod": 5}
CLUSTERS_FROM = {"dev": 0.0, "staging": 0.3, "prod": 0.6}
CLUSTERS_TO = {"dev": 0.3, "staging": 0.6, "prod": 1.0}
WORDS = ("checkout", "basket", "ledger", "search", "profile", "invoice", "catalog", "session", "pricing", "stock")


@dataclass(frozen=True)
class Size:
    """How much of everything. Pods are ten a service, targets three."""

    services: int = 10_000
    clusters: int = 100
    releases: int = 5_000


def fill(size: Size) -> dict[str, int]:
    """Write all rows in bulk; answers how many there are by kind. The database must hold none of it yet."""
    from clusters.models import Observation
    from deployments.models import Release
    from services.models import Service, Target

    _people()
    environments = _environments()
    clusters = _clusters(size.clusters)
    services = _saved(_services(size.services))
    targets = _saved(_targets(services, environments, clusters))
    _saved(_places(clusters))
    _saved(_workloads(targets))
    revisions = _saved(_revisions(targets[: size.releases]))
    releases = _saved(_releases(revisions))
    _saved(_events(releases))
    fill_gates(revisions[:WAITING], WAITING)
    fill_installs()
    counted = {"services": Service, "targets": Target, "observations": Observation, "releases": Release}
    return {name: model._default_manager.count() for name, model in counted.items()}


def _saved(rows: Iterable[Any]) -> list[Any]:
    """Insert rows of one kind in batches."""
    iterator, saved = iter(rows), []
    while batch := list(islice(iterator, BATCH)):
        type(batch[0])._default_manager.bulk_create(batch)
        # Observations are many, and nothing refers to them.
        saved += [] if type(batch[0]).__name__ == "Observation" else batch
    return saved


def _people() -> None:
    from accounts.models import Membership, Team, User

    teams = Team.objects.bulk_create(Team(name=f"team-{number:02}", title=f"Team {number}") for number in range(TEAMS))
    User.objects.create(username="bench-admin", is_admin=True)
    developer = User.objects.create(username="bench-dev")
    Membership.objects.create(team=teams[0], user=developer, role="developer")


def _environments() -> list[Environment]:
    from services.models import Environment

    return [
        Environment.objects.get_or_create(name=name, defaults={"order": order, "colour": name})[0]
        for order, name in enumerate(REPLICAS)
    ]


def _clusters(number: int) -> list[Cluster]:
    from accounts.models import Team
    from clusters.health import COMPONENTS
    from clusters.models import Cluster, Grant, WatchState
    from clusters.observe.kinds import KINDS

    now = datetime.now().astimezone()
    evidence = [{"source": "probe", "status": "healthy", "detail": "ok", "observed_at": now.isoformat()}]
    components = [
        {
            "name": name,
            "status": "healthy",
            "source": "probe",
            "evidence": evidence,
            "message": "",
            "observed_at": now.isoformat(),
        }
        for name in COMPONENTS
    ]
    clusters = Cluster.objects.bulk_create(
        Cluster(
            name=f"cluster-{index:03}",
            environment=_environment_at(index / number),
            api_url=f"https://192.0.2.{index % 250 + 1}:6443",
            uid=f"uid-{index}",
            kubernetes_version="v1.37.2",
            status=Cluster.Status.CONNECTED,
            last_seen_at=now,
            checked_at=now,
            health={"status": "healthy", "components": components},
            health_at=now,
        )
        for index in range(number)
    )
    WatchState.objects.bulk_create(
        WatchState(cluster=cluster, kind=kind.name, connected=True, synced_at=now, contact_at=now)
        for cluster in clusters
        for kind in KINDS
    )
    teams = list(Team.objects.all())
    Grant.objects.bulk_create(
        Grant(team=team, cluster=cluster, namespaces=[team.name]) for team in teams for cluster in clusters
    )
    return clusters


def _environment_at(part: float) -> str:
    return max((name for name in REPLICAS if CLUSTERS_FROM[name] <= part), key=lambda name: CLUSTERS_FROM[name])


def _services(number: int) -> Iterator[Service]:
    from accounts.models import Team
    from services.models import Service

    teams = list(Team.objects.order_by("name"))
    for index in range(number):
        word = WORDS[index % len(WORDS)]
        yield Service(
            name=f"{word}-{index:05}",
            title=f"{word.title()} {index}",
            description=f"Answers what the shop wants to know about {word}; number {index} of its kind.",
            team=teams[index % len(teams)],
            lifecycle=("production", "production", "experimental", "deprecated")[index % 4],
            system=f"system-{index % 200}",
            tags=[word, f"tier-{index % 3}"],
            links=[{"title": "Runbook", "url": "https://runbooks.example/" + word}],
            depends_on=[f"{WORDS[i % len(WORDS)]}-{i:05}" for i in range(max(0, index - 3), index)],
        )


def _targets(services: list[Service], environments: list[Environment], clusters: list[Cluster]) -> Iterator[Target]:
    from services.models import Target

    for index, service in enumerate(services):
        for environment in environments:
            first = int(CLUSTERS_FROM[environment.name] * len(clusters))
            last = max(first + 1, int(CLUSTERS_TO[environment.name] * len(clusters)))
            cluster = clusters[first + index % (last - first)]
            place = (service.team.name, "Deployment", service.name)
            yield Target(
                service=service,
                environment=environment,
                cluster=cluster,
                namespace=service.team.name,
                workload=service.name,
                container=service.name,
                kubernetes_service=service.name,
                workload_key=Target.key_of(cluster.uid, *place),
            )


def _places(clusters: list[Cluster]) -> Iterator[Observation]:
    """Nodes and namespaces."""
    for cluster in clusters:
        for number in range(NODES_OF_A_CLUSTER):
            yield _seen(cluster, _node(f"node-{number}"))
        for team in range(TEAMS):
            yield _seen(cluster, _raw("Namespace", f"team-{team:02}", "", status={"phase": "Active"}))


def _workloads(targets: list[Target]) -> Iterator[Observation]:
    """A Deployment, a ReplicaSet and the Pods of each target; some are unwell, a few are gone."""
    for index, target in enumerate(targets):
        if index % 997 == 5:
            continue
        desired = REPLICAS[target.environment.name]
        ready = 0 if index % 499 == 7 else desired - 1 if index % 101 == 3 else desired
        is_newer = target.environment.name == "dev" and index % AHEAD_ONE_IN == 0
        deployment = _deployment(target, desired, ready, "1.5.0" if is_newer else "1.4.2")
        replica_set = _replica_set(target, deployment, desired, ready)
        yield _seen(target.cluster, deployment)
        yield _seen(target.cluster, replica_set)
        for number in range(desired):
            yield _seen(target.cluster, _pod(target, replica_set, number, is_ready=number < ready))


def _seen(cluster: Cluster, raw: dict[str, Any]) -> Observation:
    from clusters.observe.kinds import BY_NAME
    from clusters.observe.objects import see
    from clusters.observe.rows import row_of

    seen = see(BY_NAME[raw["kind"]], raw)
    assert seen is not None, raw
    return row_of(cluster.pk, seen, seen_at=datetime.now().astimezone())


def _raw(kind: str, name: str, namespace: str, *, owner: dict[str, Any] | None = None, **parts: Any) -> dict[str, Any]:
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/part-of": "shop"}
    metadata = {
        "name": name,
        "namespace": namespace,
        "uid": f"uid-{kind}-{namespace}-{name}",
        "resourceVersion": "7000",
        "generation": 3,
        "creationTimestamp": "2026-11-24T10:00:00Z",
        "labels": labels,
    }
    if owner:
        name, uid = owner["metadata"]["name"], owner["metadata"]["uid"]
        metadata["ownerReferences"] = [{"kind": owner["kind"], "name": name, "uid": uid, "controller": True}]
    return {"kind": kind, "metadata": metadata, **parts}


def _node(name: str) -> dict[str, Any]:
    room = {"cpu": "16", "memory": "64Gi", "pods": "110"}
    status = {
        "capacity": room,
        "allocatable": room,
        "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
        "nodeInfo": {"kubeletVersion": "v1.37.2", "containerRuntimeVersion": "containerd://2.1.0"},
    }
    return _raw("Node", name, "", status=status)


def _image(target: Target, version: str = "1.4.2") -> str:
    return f"registry.bench.example/{target.namespace}/{target.workload}:{version}"


def template_of(target: Target, version: str = "1.4.2") -> dict[str, Any]:
    """A pod template as large as an ordinary one: probes, resources, thirty variables."""
    name = target.workload
    container = {
        "name": name,
        "image": _image(target, version),
        "ports": [{"name": "http", "containerPort": 8080}],
        "env": [{"name": f"SETTING_{number}", "value": f"value-{number}"} for number in range(30)],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}},
        "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}, "periodSeconds": 5},
        "livenessProbe": {"httpGet": {"path": "/live", "port": "http"}, "periodSeconds": 10},
    }
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], "restartPolicy": "Always"}}


def _deployment(target: Target, desired: int, ready: int, version: str) -> dict[str, Any]:
    counts = {"replicas": desired, "updatedReplicas": desired, "readyReplicas": ready, "availableReplicas": ready}
    done = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    return _raw(
        "Deployment",
        target.workload,
        target.namespace,
        spec={
            "replicas": desired,
            "selector": {"matchLabels": {"app": target.workload}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "template": template_of(target, version),
        },
        status={"observedGeneration": 3, **counts, "conditions": [done]},
    )


def _replica_set(target: Target, deployment: dict[str, Any], desired: int, ready: int) -> dict[str, Any]:
    return _raw(
        "ReplicaSet",
        f"{target.workload}-6d4f9c",
        target.namespace,
        owner=deployment,
        spec={"replicas": desired, "template": deployment["spec"]["template"]},
        status={"replicas": desired, "readyReplicas": ready, "availableReplicas": ready},
    )


def _pod(target: Target, replica_set: dict[str, Any], number: int, *, is_ready: bool) -> dict[str, Any]:
    name = f"{replica_set['metadata']['name']}-{number:05}"
    waiting = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}}
    running = {"running": {"startedAt": "2026-11-24T10:00:05Z"}}
    container = {
        "name": target.container,
        "image": _image(target),
        "ready": is_ready,
        "restartCount": 0 if is_ready else 12,
        "state": running if is_ready else waiting,
    }
    status = {
        "phase": "Running",
        "podIP": f"10.244.{number}.7",
        "startTime": "2026-11-24T10:00:01Z",
        "conditions": [
            {"type": "PodScheduled", "status": "True"},
            {"type": "Ready", "status": "True" if is_ready else "False"},
        ],
        "containerStatuses": [container],
    }
    spec = {"nodeName": f"node-{number % NODES_OF_A_CLUSTER}", "containers": template_of(target)["spec"]["containers"]}
    return _raw("Pod", name, target.namespace, owner=replica_set, spec=spec, status=status)


def _revisions(targets: list[Target]) -> Iterator[Revision]:
    from deployments.engine.workload import hash_of
    from deployments.models import Revision

    for target in targets:
        template = template_of(target)
        yield Revision(
            target=target,
            number=1,
            images={target.container: _image(target)},
            template=template,
            template_hash=hash_of(template),
            finished_at=datetime.now().astimezone(),
        )


def _releases(revisions: list[Revision]) -> Iterator[Release]:
    """One ended release from each revision; one in fifty failed."""
    from deployments.engine.decision import Counts, Sentence, State
    from deployments.engine.strategies import RollingUpdate
    from deployments.models import Release
    from deployments.save import STATUS

    now = datetime.now().astimezone()
    for index, revision in enumerate(revisions):
        target = revision.target
        phase = "Failed" if index % 50 == 9 else "Succeeded"
        names = {"workload": target.workload, "namespace": target.namespace, "cluster": target.cluster.name}
        state = State(
            phase=phase,
            counts=Counts(3, 0, 0, 3, 3),
            message=Sentence("succeeded_at_zero", names),
            started_at=now - timedelta(minutes=index + 2),
            finished_at=now - timedelta(minutes=index),
        )
        yield Release(
            target=target,
            number=1,
            strategy=RollingUpdate().to_json(),
            images={target.container: _image(target, "1.5.0")},
            from_revision=revision,
            template_from=template_of(target),
            template_to=template_of(target, "1.5.0"),
            status=STATUS[phase],
            phase=phase,
            state={**state.to_json(), "originals": template_of(target)},
            message="",
            ended=True,
            holding=False,
            started_at=state.started_at,
            finished_at=state.finished_at,
            event_seq=6,
        )


def _events(releases: list[Release]) -> Iterator[Model]:
    from deployments.models import ReleaseEvent

    now = datetime.now().astimezone()
    for release in releases:
        for seq in range(1, 7):
            yield ReleaseEvent(
                release=release,
                seq=seq,
                at=now,
                kind="step.finished",
                actor="slipway",
                message=f"Line {seq} of the timeline.",
            )


def main() -> int:
    """The command line; answers the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--services", type=int, default=Size.services)
    parser.add_argument("--clusters", type=int, default=Size.clusters)
    parser.add_argument("--releases", type=int, default=Size.releases)
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    began = time.monotonic()
    for name, count in fill(Size(asked.services, asked.clusters, asked.releases)).items():
        print(f"{count:>8} {name}")
    print(f"in {time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
