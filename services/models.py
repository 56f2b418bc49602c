"""Rows of the catalog: Environment, Service and Target, with the rules that hold for each row by itself."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from web.names import dns_label

if TYPE_CHECKING:
    from accounts.models import Team, User

NAME_LENGTH = 63


class Colour(models.TextChoices):
    """The colour bands of the design tokens; an environment wears one everywhere it is shown."""

    DEV = "dev", _("grey, as for development")
    STAGING = "staging", _("violet, as for staging")
    PROD = "prod", _("red, as for production")
    TEST = "test", _("blue, as for tests")


class Environment(models.Model):
    """A stage such as dev, staging or prod. Ordered; protected ones ask for approvals.

    `promotion` is its gate, None for none: `{from, soak_seconds, require_success, require_same_image}` (see
    services.rules.promotion).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=NAME_LENGTH, validators=[dns_label])
    title = models.CharField(max_length=120, blank=True)
    order = models.PositiveIntegerField(default=0)
    protected = models.BooleanField(default=False)
    approvals = models.JSONField(default=list, blank=True)
    freeze_windows = models.JSONField(default=list, blank=True)
    strategy = models.JSONField[dict[str, Any] | None](null=True, blank=True)
    promotion = models.JSONField[dict[str, Any] | None](null=True, blank=True)
    colour = models.CharField(max_length=16, choices=Colour.choices, default=Colour.DEV)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["order", "name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="environment_name_ignoring_case")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("environment", args=[self.name])


def _environments_that_ask(user: User) -> list[uuid.UUID]:
    """Environments whose approval rules name a team of the user: their approvers may read what runs there.

    Kept on the user instance, which lives for one request and is asked this for every list on its page.
    """
    kept: list[uuid.UUID] | None = user.__dict__.get("_asked_by")
    if kept is None:
        asking = Environment.objects.exclude(approvals=[]).values_list("id", "approvals")
        teams = set(user.memberships.values_list("team__name", flat=True)) if asking else set()
        kept = [pk for pk, rules in asking if any(rule.get("team") in teams for rule in rules)]
        user.__dict__["_asked_by"] = kept
    return kept


class ServiceQuerySet(QuerySet["Service"]):
    def visible_to(self, user: User) -> ServiceQuerySet:
        """Services of the user's teams, and those that run where a team of the user is asked to approve."""
        if user.is_admin:
            return self
        mine = Q(team__in=user.memberships.values("team"))
        asked = _environments_that_ask(user)
        if not asked:
            return self.filter(mine)
        return self.filter(mine | Q(Exists(Target.objects.filter(service=OuterRef("pk"), environment__in=asked))))


class Service(models.Model):
    """A microservice in the catalog. What Kubernetes calls a Service is `Target.kubernetes_service`.

    UNLISTED: columns that no list shows; reading and parsing them would be most of its time.
    """

    UNLISTED = ("description", "links", "annotations", "depends_on", "provides_apis")

    class Lifecycle(models.TextChoices):
        EXPERIMENTAL = "experimental", _("experimental")
        PRODUCTION = "production", _("production")
        DEPRECATED = "deprecated", _("deprecated")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=NAME_LENGTH, validators=[dns_label])
    title = models.CharField(max_length=120, blank=True)
    description = models.TextField(max_length=4000, blank=True)
    team: models.ForeignKey[Team, Team] = models.ForeignKey(
        "accounts.Team", on_delete=models.PROTECT, related_name="services"
    )
    lifecycle = models.CharField(max_length=16, choices=Lifecycle.choices, default=Lifecycle.PRODUCTION)
    system = models.CharField(max_length=NAME_LENGTH, blank=True)
    tags = models.JSONField(default=list, blank=True)
    links = models.JSONField(default=list, blank=True)
    annotations = models.JSONField(default=dict, blank=True)
    depends_on = models.JSONField(default=list, blank=True)
    provides_apis = models.JSONField(default=list, blank=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ServiceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(Lower("name"), name="service_name_ignoring_case")]
        indexes = [
            models.Index(fields=["created_at", "id"], name="service_by_age"),
            # The constraint has an index of the name in lower case, which serves neither an order nor a name as it is.
            models.Index(fields=["name"], name="service_by_name"),
            models.Index(fields=["lifecycle"], name="service_by_lifecycle"),
            models.Index(fields=["system"], name="service_by_system"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("service", args=[self.name])


class TargetQuerySet(QuerySet["Target"]):
    def visible_to(self, user: User) -> TargetQuerySet:
        """Targets of the services that the user may see."""
        if user.is_admin:
            return self
        return self.filter(service__in=Service.objects.visible_to(user))


class Target(models.Model):
    """Where a service runs in an environment: one workload of one cluster."""

    class Kind(models.TextChoices):
        DEPLOYMENT = "Deployment", "Deployment"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="targets")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="targets")
    cluster = models.ForeignKey("clusters.Cluster", on_delete=models.PROTECT, related_name="targets")
    namespace = models.CharField(max_length=NAME_LENGTH)
    workload = models.CharField(max_length=253)
    kind = models.CharField(max_length=16, choices=Kind.choices, default=Kind.DEPLOYMENT)
    container = models.CharField(max_length=NAME_LENGTH, blank=True)
    kubernetes_service = models.CharField(max_length=NAME_LENGTH, blank=True)
    strategy = models.JSONField[dict[str, Any] | None](null=True, blank=True)
    workload_key = models.CharField(max_length=400, unique=True, editable=False)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TargetQuerySet.as_manager()

    class Meta:
        ordering = ["environment__order", "environment__name"]
        constraints = [
            models.UniqueConstraint(fields=["service", "environment"], name="one_target_per_environment"),
        ]
        indexes = [models.Index(fields=["cluster", "namespace", "workload"], name="target_by_workload")]

    def __str__(self) -> str:
        return f"{self.service} in {self.environment}"

    @property
    def team(self) -> Team:
        """The owner of the service, whose members act on the target."""
        return self.service.team

    @staticmethod
    def key_of(cluster_uid: str, namespace: str, kind: str, workload: str) -> str:
        """The identity of a workload. A cluster that is registered twice has one uid, so its workloads one key."""
        return f"{cluster_uid}/{namespace}/{kind}/{workload}"
