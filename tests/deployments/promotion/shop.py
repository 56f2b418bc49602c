"""Services in dev, staging and prod, as watcher and releases would have left them; no cluster answers behind them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Team
from deployments.engine.workload import hash_of
from deployments.models import Release, Revision
from services.models import Environment, Service, Target
from tests.factories.clusters import watched_now
from tests.factories.deployments import REPOSITORY, new_release, new_revision, template
from tests.factories.registered import new_grant, saved_cluster
from tests.factories.services import new_environment, new_service, new_target, seen_deployment

STAGES = ("dev", "staging", "prod")


def image(version: str) -> str:
    return f"{REPOSITORY}:{version}"


class Shop:
    """Of one team, on one cluster, with a grant for all of it."""

    def __init__(self, team: Team) -> None:
        self.team = team
        self.cluster = saved_cluster("shop", status="connected")
        self.dev, self.staging, self.prod = (
            new_environment(name, order=10 * number) for number, name in enumerate(STAGES, start=1)
        )
        new_grant(team, self.cluster)
        watched_now(self.cluster)

    def service(self, name: str, *versions: str, **fields: Any) -> Service:
        """A service that runs these versions in dev, staging, prod; "" for one that it does not run in."""
        service = new_service(name, self.team, **fields)
        for environment, version in zip((self.dev, self.staging, self.prod), versions, strict=False):
            if version:
                target = new_target(service, environment, self.cluster)
                seen_deployment(target, image(version))
        return service

    def target(self, service: Service, environment: Environment) -> Target:
        return Target.objects.get(service=service, environment=environment)

    def gate(self, environment: Environment, origin: str, **rule: Any) -> None:
        """Images have to prove themselves in `origin` first."""
        defaults = {"soak_seconds": 0, "require_success": True, "require_same_image": True}
        environment.promotion = {"from": origin, **defaults, **rule}
        environment.save()


def released(target: Target, version: str, *, ago: float = 0, rollback: bool = False, **columns: Any) -> Revision:
    """A release that succeeded so many seconds ago, with the revision that it left."""
    at = timezone.now() - timedelta(seconds=ago)
    back = target.revisions.order_by("number").first() if rollback else None
    release = new_release(target, version, phase="Succeeded", rollback_to=back, **columns)
    Release.objects.filter(pk=release.pk).update(finished_at=at)
    return revision(target, version, at, release)


def revision(target: Target, version: str, at: datetime, release: Release | None = None) -> Revision:
    """What runs from then on; found there where no release brought it."""
    made = new_revision(target, version, at=at.isoformat())
    kept = template(version, container=target.container, at=at.isoformat())
    Revision.objects.filter(pk=made.pk).update(
        release=release, finished_at=at, images={target.container: image(version)}, template_hash=hash_of(kept)
    )
    return made


def failed(target: Target, version: str, *, ago: float = 0, phase: str = "Failed") -> Release:
    """A release that began and did not succeed."""
    release = new_release(target, version, phase=phase, reason="AnalysisFailed")
    Release.objects.filter(pk=release.pk).update(finished_at=timezone.now() - timedelta(seconds=ago))
    return release
