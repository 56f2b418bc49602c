"""Chart repositories, kept archives, Helm releases as they were last seen, and the operations on them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clusters.models import Cluster, Grant
from durable.encryption import EncryptedJSONField
from durable.leased_row import LeasedRow
from web.names import dns_label

if TYPE_CHECKING:
    from accounts.models import User


class ChartRepository(models.Model):
    """Where charts come from, for all people. `secret` is `{"username", "password"}` and goes to its host only."""

    class Kind(models.TextChoices):
        CLASSIC = "classic", _("classic")
        OCI = "oci", _("OCI")

    class Status(models.TextChoices):
        READY = "ready", _("ready")
        UNREACHABLE = "unreachable", _("unreachable")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=63, unique=True, validators=[dns_label])
    kind = models.CharField(max_length=16, choices=Kind.choices)
    url = models.CharField(max_length=2048)
    secret: Any = EncryptedJSONField(null=True)  # type: ignore[misc]
    allow_private_address = models.BooleanField(default=False)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.READY)
    status_message = models.TextField(blank=True)
    refreshed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering: ClassVar = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def has_login(self) -> bool:
        """Whether credentials are kept, also those that no key opens any more."""
        return bool(self.__dict__.get("secret"))


class IndexedChart(models.Model):
    """One chart of a repository, as its index said. `versions` are `{version, app_version, url, digest, deprecated}`,
    newest first; of an OCI registry without url and digest."""

    id = models.BigAutoField(primary_key=True)
    repository = models.ForeignKey(ChartRepository, on_delete=models.CASCADE, related_name="charts")
    name = models.CharField(max_length=250)
    description = models.TextField(blank=True)
    keywords = models.JSONField(default=list)
    versions = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ("name", "id")
        constraints: ClassVar = (models.UniqueConstraint(fields=("repository", "name"), name="indexed_chart_once"),)

    def __str__(self) -> str:
        return self.name


class ChartArchive(models.Model):
    """An archive that passed every rule, kept by its digest. `facts` are what a page tells of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    digest = models.CharField(max_length=64, unique=True, help_text="SHA-256 of the archive as it came")
    name = models.CharField(max_length=250)
    chart_version = models.CharField(max_length=128)
    facts = models.JSONField(default=dict)
    packed = models.BinaryField(help_text="written anew from the files that passed")
    used_at = models.DateTimeField(default=timezone.now, db_index=True)

    def __str__(self) -> str:
        return f"{self.name} {self.chart_version}"


class ChartUploadQuerySet(models.QuerySet["ChartUpload"]):
    def visible_to(self, user: User) -> ChartUploadQuerySet:
        """Uploads of the user's teams, and those of admins for all."""
        if user.is_admin:
            return self
        return self.filter(Q(team=None) | Q(team__in=user.memberships.values("team")))


class ChartUpload(models.Model):
    """A chart that somebody uploaded: `uploads/NAME`. A name belongs to the team that took it; None is all teams."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=250)
    chart_version = models.CharField(max_length=128)
    team = models.ForeignKey("accounts.Team", null=True, on_delete=models.CASCADE, related_name="+")
    archive = models.ForeignKey(ChartArchive, on_delete=models.PROTECT, related_name="uploads")
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = ChartUploadQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ("-created_at", "-id")
        constraints: ClassVar = (models.UniqueConstraint(fields=("name", "chart_version"), name="chart_upload_once"),)

    def __str__(self) -> str:
        return f"uploads/{self.name} {self.chart_version}"


class HelmReleaseQuerySet(models.QuerySet["HelmRelease"]):
    def visible_to(self, user: User) -> HelmReleaseQuerySet:
        """Every release to an admin; to others those in namespaces that a team of theirs holds a grant for."""
        if user.is_admin:
            return self
        allowed = Q(pk__in=[])
        for grant in Grant.objects.visible_to(user):
            here = Q(cluster_id=grant.cluster_id)
            allowed |= here if "*" in grant.namespaces else here & Q(namespace__in=grant.namespaces)
        return self.filter(allowed)


class HelmRelease(models.Model):
    """A Helm release as it was last seen in its cluster, whoever made it. `status` is Helm's word.

    While an operation of ours runs, `status` says what it makes of the release (`pending-upgrade` ...).
    `chart_ref` is where we took its chart from, "" for releases that we did not touch.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="helm_releases")
    namespace = models.CharField(max_length=63)
    name = models.CharField(max_length=53)
    status = models.CharField(max_length=32, default="unknown", db_index=True)
    revision = models.PositiveIntegerField(default=0)
    chart = models.CharField(max_length=250, blank=True)
    chart_version = models.CharField(max_length=128, blank=True)
    app_version = models.CharField(max_length=128, blank=True)
    chart_ref = models.CharField(max_length=512, blank=True)
    description = models.TextField(blank=True)
    deployed_at = models.DateTimeField(null=True)
    resource_version = models.CharField(max_length=64, blank=True)
    seen_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)

    objects = HelmReleaseQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ("name", "id")
        constraints: ClassVar = (
            models.UniqueConstraint(fields=("cluster", "namespace", "name"), name="helm_release_once"),
        )
        indexes: ClassVar = (
            models.Index(fields=("name", "id"), name="helm_release_by_name"),
            models.Index(fields=("created_at", "id"), name="helm_release_by_age"),
            models.Index(fields=("deployed_at", "id"), name="helm_release_by_deployment"),
            models.Index(fields=("status", "name"), name="helm_release_by_status"),
            models.Index(fields=("chart", "name"), name="helm_release_by_chart"),
            models.Index(fields=("namespace", "name"), name="helm_release_by_namespace"),
        )

    def __str__(self) -> str:
        return f"{self.cluster.name}/{self.namespace}/{self.name}"

    def get_absolute_url(self) -> str:
        """The release's page."""
        return reverse("charts:release", args=[self.pk])

    @property
    def is_gone(self) -> bool:
        """Whether nothing of it runs any more."""
        return self.status == "uninstalled"


class HelmOperation(LeasedRow):
    """One thing asked of a release. The row is the truth: its task may be killed, repeated or come late.

    `step` is how far it came, `begun_at_revision` what Helm's storage held before Helm was first started (None: never
    started). `attempts` counts starts of Helm. The lease is by the database's clock.
    """

    class Kind(models.TextChoices):
        INSTALL = "install", _("install")
        UPGRADE = "upgrade", _("upgrade")
        ROLLBACK = "rollback", _("rollback")
        UNINSTALL = "uninstall", _("uninstall")

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")

    class Step(models.TextChoices):
        PREPARE = "prepare", _("prepare")
        APPLY = "apply", _("apply")
        WAIT = "wait", _("wait until ready")
        UNDO = "undo", _("undo")

    ENDED = (State.SUCCEEDED, State.FAILED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    release = models.ForeignKey(HelmRelease, on_delete=models.CASCADE, related_name="operations")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    step = models.CharField(max_length=16, choices=Step.choices, default=Step.PREPARE)
    chart_ref = models.CharField(max_length=512, blank=True)
    chart_version = models.CharField(max_length=128, blank=True)
    archive = models.ForeignKey(ChartArchive, null=True, on_delete=models.PROTECT, related_name="operations")
    values: Any = EncryptedJSONField(null=True)  # type: ignore[misc]
    to_revision = models.PositiveIntegerField(default=0)
    atomic = models.BooleanField(default=False)
    create_namespace = models.BooleanField(default=False)
    beyond_namespace = models.BooleanField(default=False, help_text="asked by an admin, who may make anything")
    timeout_seconds = models.PositiveIntegerField(default=300)

    begun_at_revision = models.PositiveIntegerField(null=True)
    attempts = models.PositiveIntegerField(default=0)
    resources = models.JSONField(default=list)
    problem = models.TextField(blank=True)
    deadline_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering: ClassVar = ("-created_at", "-id")
        constraints: ClassVar = (
            # Two at once on one release are refused by the database itself.
            models.UniqueConstraint(
                fields=("release",), condition=Q(state__in=("queued", "running")), name="helm_operation_one_at_a_time"
            ),
        )
        indexes: ClassVar = (
            models.Index(fields=("-created_at", "-id"), name="helm_operation_by_age"),
            models.Index(fields=("release", "-created_at"), name="helm_operation_by_release"),
            models.Index(fields=("state", "-created_at"), name="helm_operation_by_state"),
            models.Index(fields=("kind", "-created_at"), name="helm_operation_by_kind"),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class OperationLine(models.Model):
    """One line of an operation's log, numbered from 1 within it."""

    id = models.BigAutoField(primary_key=True)
    operation = models.ForeignKey(HelmOperation, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    text = models.TextField()

    class Meta:
        ordering: ClassVar = ("number",)
        constraints: ClassVar = (models.UniqueConstraint(fields=("operation", "number"), name="operation_line_once"),)

    def __str__(self) -> str:
        return f"{self.number} {self.text[:80]}"

    def facts(self) -> dict[str, Any]:
        """The line as plain values."""
        return {"number": self.number, "at": self.at, "text": self.text}
