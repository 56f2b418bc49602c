"""Registered clusters, their sealed credentials, what the watcher saw of them, and who may use which namespace."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from clusters.images_column import LONGEST_IMAGES
from durable.encryption import EncryptedJSONField
from web.names import dns_label

if TYPE_CHECKING:
    from accounts.models import User


class ClusterQuerySet(models.QuerySet["Cluster"]):
    """Clusters, narrowed to what a person may know of."""

    def visible_to(self, user: User) -> ClusterQuerySet:
        """Every cluster to an admin; to others those that one of their teams holds a grant on."""
        if user.is_admin:
            return self
        return self.filter(pk__in=Grant.objects.filter(team__in=user.memberships.values("team")).values("cluster"))


class Cluster(models.Model):
    """A registered Kubernetes API server. `version` counts edits by people (ETag); observing does not raise it.

    UNLISTED: columns that no list of other things shows; reading and parsing them would be most of its time.
    """

    UNLISTED = ("labels", "ca_data", "capabilities", "progress", "health", "status_message")

    class Status(models.TextChoices):
        BUILDING = "building", _("building")
        CONNECTED = "connected", _("connected")
        UNREACHABLE = "unreachable", _("unreachable")
        UNKNOWN = "unknown", _("unknown")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=63, validators=[dns_label])
    title = models.CharField(max_length=200, blank=True)
    environment = models.CharField(max_length=63, blank=True)
    labels = models.JSONField(default=dict, blank=True)

    api_url = models.CharField(max_length=2048)
    ca_data = models.TextField(blank=True, help_text="PEM; empty means the public authorities of the machine")
    context = models.CharField(max_length=253, blank=True)
    tls_server_name = models.CharField(max_length=253, blank=True)
    insecure_skip_tls_verify = models.BooleanField(default=False)
    allow_private_address = models.BooleanField(default=False)
    prometheus_url = models.CharField(max_length=2048, blank=True)

    uid = models.CharField(max_length=64, blank=True, db_index=True, help_text="uid of the namespace kube-system")
    kubernetes_version = models.CharField(max_length=64, blank=True)
    capabilities = models.JSONField(default=dict, blank=True)

    status = models.CharField(max_length=16, choices=Status.choices, default=Status.UNKNOWN)
    status_message = models.TextField(blank=True)
    progress = models.JSONField(null=True, blank=True)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)
    health = models.JSONField(null=True, blank=True)
    health_at = models.DateTimeField(null=True, blank=True)

    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

    objects = ClusterQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ("name",)
        constraints: ClassVar = (models.UniqueConstraint(Lower("name"), name="cluster_name_unique"),)

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The cluster's page."""
        return reverse("cluster", args=[self.name])

    @property
    def credential_kind(self) -> str:
        """token, client_certificate, or "" when none is stored; the credential itself stays sealed."""
        credential = ClusterCredential.objects.filter(cluster=self).only("kind").first()
        return credential.kind if credential else ""


class ClusterCredential(models.Model):
    """What Slipway proves itself with to one cluster. `secret` is `{"token"}` or `{"certificate", "key"}` (PEM)."""

    class Kind(models.TextChoices):
        TOKEN = "token", _("token")
        CLIENT_CERTIFICATE = "client_certificate", _("client certificate")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    cluster = models.OneToOneField(Cluster, on_delete=models.CASCADE, related_name="credential")
    kind = models.CharField(max_length=24, choices=Kind.choices)
    secret = EncryptedJSONField()
    version = models.PositiveIntegerField(default=1)
    expires_at = models.DateTimeField(null=True, blank=True)
    rotated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.kind} of {self.cluster_id}"


class Observation(models.Model):
    """What a cluster was last seen to hold: one object, slim always, whole while a release needs it."""

    id = models.BigAutoField(primary_key=True)
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="observations")
    kind = models.CharField(max_length=63)
    namespace = models.CharField(max_length=63, blank=True)
    name = models.CharField(max_length=253)
    uid = models.CharField(max_length=64)
    resource_version = models.BigIntegerField(default=0)
    generation = models.BigIntegerField(default=0)
    labels = models.JSONField(default=dict)
    owner_uid = models.CharField(max_length=64, blank=True)
    slim = models.JSONField(default=dict)
    whole = models.JSONField(null=True)
    state = models.CharField(max_length=16, blank=True, help_text="of a Deployment, by clusters.judging; else empty")
    images = models.CharField(
        max_length=LONGEST_IMAGES, null=True, help_text="of a Deployment, by clusters.images_column; else null"
    )
    seen_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(fields=("cluster", "kind", "namespace", "name"), name="observation_unique"),
        )
        indexes: ClassVar = (
            models.Index(fields=("cluster", "owner_uid"), name="observation_owner"),
            # Holds all that a filter by state reads: the rows themselves are large.
            models.Index(fields=("kind", "state", "cluster", "namespace", "name"), name="observation_state"),
            # The same for what runs where. Of Deployments alone, for nothing else has images.
            models.Index(
                fields=("cluster", "namespace", "name", "images"),
                condition=models.Q(images__isnull=False),
                name="observation_images",
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


class WatchState(models.Model):
    """How fresh the Observations of one kind are. `contact_at` moves with every word from the API server."""

    id = models.BigAutoField(primary_key=True)
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="watches")
    kind = models.CharField(max_length=63)
    connected = models.BooleanField(default=False)
    synced_at = models.DateTimeField(null=True)
    contact_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = (models.UniqueConstraint(fields=("cluster", "kind"), name="watch_unique"),)

    def __str__(self) -> str:
        return f"{self.kind} of {self.cluster_id}"


class KeepWhole(models.Model):
    """While such a row exists, the watcher keeps this workload, its ReplicaSets, Pods and Services whole."""

    id = models.BigAutoField(primary_key=True)
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="kept_whole")
    namespace = models.CharField(max_length=63)
    workload = models.CharField(max_length=253)
    release_id = models.UUIDField()

    class Meta:
        constraints: ClassVar = (
            models.UniqueConstraint(
                fields=("cluster", "namespace", "workload", "release_id"), name="keep_whole_unique"
            ),
        )

    def __str__(self) -> str:
        return f"{self.namespace}/{self.workload}"


class GrantQuerySet(models.QuerySet["Grant"]):
    """Grants, narrowed to what a person may know of."""

    def visible_to(self, user: User) -> GrantQuerySet:
        """Every grant to an admin; to others those of their teams."""
        return self if user.is_admin else self.filter(team__in=user.memberships.values("team"))


class Grant(models.Model):
    """The namespaces of a cluster that a team may put targets in; `"*"` stands for all."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="grants")
    cluster = models.ForeignKey(Cluster, on_delete=models.CASCADE, related_name="grants")
    namespaces = models.JSONField(default=list)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = GrantQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ("created_at", "id")
        constraints: ClassVar = (models.UniqueConstraint(fields=("team", "cluster"), name="grant_unique"),)

    def __str__(self) -> str:
        return f"{self.team.name} on {self.cluster.name}"

    def covers(self, namespace: str) -> bool:
        return "*" in self.namespaces or namespace in self.namespaces
