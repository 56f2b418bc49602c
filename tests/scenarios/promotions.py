"""Services in dev, staging and prod on the sandbox: a Deployment for each, in one namespace, seen by the watcher."""

from __future__ import annotations

from typing import Any

from accounts.models import Team, User
from clusters.models import Cluster, Grant
from deployments.commands import promote_service, start_release
from deployments.engine.workload import is_complete
from deployments.models import Promotion, Release
from deployments.plan import Wish
from deployments.promotion.driving import advance
from deployments.tick import tick
from services.models import Environment, Service, Target
from tests.conftest import until
from tests.factories.clusters import observed
from tests.factories.services import new_environment
from tests.factories.workloads import deployment
from tests.kubectl import Kubectl

STAGES = ("dev", "staging", "prod")
REPOSITORY = "registry.shop.example"


class Stages:
    """Environments dev, staging and prod, and services of one team in them."""

    def __init__(self, kubectl: Kubectl, cluster: Cluster, namespace: str, team: Team, developer: User) -> None:
        self.kubectl, self.cluster, self.namespace = kubectl, cluster, namespace
        self.team, self.developer = team, developer
        self.by_name = {name: new_environment(name, order=number) for number, name in enumerate(STAGES)}
        Grant.objects.create(team=team, cluster=cluster, namespaces=[namespace])

    def __getitem__(self, name: str) -> Environment:
        return self.by_name[name]

    def add(self, name: str, *versions: str, **fields: Any) -> Service:
        """A service that runs these versions in dev, staging, prod, as far as they are given."""
        service = Service.objects.create(name=name, team=self.team, **fields)
        for stage, version in zip(STAGES, versions, strict=False):
            workload = f"{name}-{stage}"
            image = f"{REPOSITORY}/{name}:{version}"
            self.kubectl.create(self.path(), deployment(workload, image, replicas=1))
            Target.objects.create(
                service=service,
                environment=self[stage],
                cluster=self.cluster,
                namespace=self.namespace,
                workload=workload,
                workload_key=Target.key_of(self.cluster.uid, self.namespace, "Deployment", workload),
            )
        until(lambda: all(is_complete(self.live(target)) for target in service.targets.all()), seconds=60)
        self.watch()
        return service

    def path(self, workload: str = "") -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/deployments" + (f"/{workload}" if workload else "")

    def live(self, target: Target) -> dict[str, Any]:
        return self.kubectl.get(self.path(target.workload))

    def watch(self) -> None:
        """Have the Deployments seen as they are now, as the watcher would."""
        self.cluster.observations.filter(kind="Deployment").delete()
        for target in Target.objects.filter(cluster=self.cluster):
            observed(self.cluster, self.live(target))

    def target(self, service: Service, stage: str) -> Target:
        return Target.objects.select_related("environment").get(service=service, environment=self[stage])

    def image(self, service: Service, stage: str) -> str:
        """The image of the one container, without its repository."""
        live = self.live(self.target(service, stage))
        return str(live["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition("/")[2]

    def deploy(self, service: Service, stage: str, tag: str, **wish: Any) -> Release:
        asked = Wish(image=f"{REPOSITORY}/{service.name}:{tag}", **wish)
        return start_release(self.developer, service=service, environment=self[stage], wish=asked)

    def promote(self, service: Service, origin: str, to: str, **wish: Any) -> Release:
        return promote_service(self.developer, service=service, origin=self[origin], to=self[to], **wish)

    def gate(self, stage: str, origin: str, **rule: Any) -> None:
        """Images have to prove themselves in `origin` before they go to `stage`."""
        rule = {"soak_seconds": 0, "require_success": True, "require_same_image": True, **rule}
        Environment.objects.filter(name=stage).update(promotion={"from": origin, **rule})
        self.by_name[stage].refresh_from_db()


def turn(promotion: Promotion) -> Promotion:
    """One look of every worker: at the promotion, and at each of its releases that is under way."""
    Promotion.objects.filter(pk=promotion.pk, lease_owner="").update(due_at=promotion.created_at)
    advance(promotion.pk)
    for release in promotion.releases.filter(ended=False):
        tick(release.pk)
    promotion.refresh_from_db()
    return promotion


def to_its_end(promotion: Promotion, *, seconds: float = 120) -> Promotion:
    until(lambda: turn(promotion).has_ended, seconds=seconds)
    return promotion
