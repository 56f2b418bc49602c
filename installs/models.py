"""Installs: their hosts, what was checked on them, and the runs that make, change and take away a cluster."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clusters.models import Cluster
from durable.encryption import EncryptedJSONField
from durable.leased_row import LeasedRow
from web.names import dns_label

if TYPE_CHECKING:
    from accounts.models import User


class InstallQuerySet(models.QuerySet["Install"]):
    def visible_to(self, user: User) -> InstallQuerySet:
        """Every install to an admin, none to others: hosts and their keys belong to no team."""
        return self if user.is_admin else self.none()


class Install(models.Model):
    """A cluster to be made out of hosts. `config` holds the fields of shapes.Config without the name.

    `status` is the contract's word. `version` counts edits by people. `secrets` are what steps gave
    (join token, certificate key), encrypted, and are forgotten when a run ends.
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        CHECKING = "checking", _("checking")
        CHECKED = "checked", _("checked")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=63, unique=True, validators=[dns_label])
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.DRAFT, db_index=True)
    config = models.JSONField(default=dict)
    secrets: Any = EncryptedJSONField(null=True)  # type: ignore[misc]
    problem = models.TextField(blank=True)
    cluster = models.ForeignKey(Cluster, null=True, on_delete=models.SET_NULL, related_name="installs")
    checked_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    objects = InstallQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """The install's page."""
        return reverse("installs:install", args=[self.pk])


class InstallHost(models.Model):
    """A machine of an install. `credential` is `{"private_key"|"password", "passphrase"?, "sudo_password"?}`.

    `host_key` is the OpenSSH public key that a person confirmed; `offered_key` what the host showed and nobody has
    confirmed yet. `facts` were read at `seen_at`; `unreachable` says why they could not be.
    """

    class Role(models.TextChoices):
        CONTROL_PLANE = "control_plane", _("control plane")
        WORKER = "worker", _("worker")
        JUMP = "jump", _("jump host")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    install = models.ForeignKey(Install, on_delete=models.CASCADE, related_name="hosts")
    number = models.PositiveIntegerField(default=0, help_text="as the user ordered them; the first control plane inits")
    name = models.CharField(max_length=63, validators=[dns_label])
    address = models.CharField(max_length=253)
    port = models.PositiveIntegerField(default=22, validators=[MinValueValidator(1), MaxValueValidator(65535)])
    user = models.CharField(max_length=32, default="root")
    role = models.CharField(max_length=16, choices=Role.choices)
    credential: Any = EncryptedJSONField(null=True)  # type: ignore[misc]
    host_key = models.TextField(blank=True)
    offered_key = models.TextField(blank=True)
    facts = models.JSONField(null=True)
    unreachable = models.TextField(blank=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ("number", "name")
        constraints: ClassVar = (
            models.UniqueConstraint(fields=("install", "name"), name="install_host_name_once"),
            models.UniqueConstraint(fields=("install", "address", "port"), name="install_host_address_once"),
        )

    def __str__(self) -> str:
        return self.name


class CheckRecord(models.Model):
    """The last result of one check on one host ("" for the install as a whole), and who took a warning on.

    `fix` has also `alternatives`, a list of the same shape: other ways to mend it.
    """

    id = models.BigAutoField(primary_key=True)
    install = models.ForeignKey(Install, on_delete=models.CASCADE, related_name="checks")
    host = models.CharField(max_length=63, blank=True)
    check_name = models.CharField(max_length=64)
    kubeadm_name = models.CharField(max_length=64, blank=True)
    severity = models.CharField(max_length=16)
    status = models.CharField(max_length=16)
    observed = models.TextField(blank=True)
    expected = models.TextField(blank=True)
    doc = models.TextField(blank=True)
    fix = models.JSONField(null=True, help_text="{id, title, commands}")
    at = models.DateTimeField(default=timezone.now)
    acknowledged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    acknowledged_reason = models.TextField(blank=True)
    acknowledged_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ("id",)
        constraints: ClassVar = (
            models.UniqueConstraint(fields=("install", "host", "check_name"), name="install_check_once"),
        )

    def __str__(self) -> str:
        return f"{self.check_name} on {self.host or 'all'}: {self.status}"


class InstallRun(LeasedRow):
    """One thing asked of an install. The row is the truth: its task may be killed, repeated or come late.

    `asked` holds what the command was given (hosts to add, fixes to run ...), no secret. `cancel_asked` stops the
    run before its next step. The lease is by the database's clock.
    """

    class Kind(models.TextChoices):
        PREFLIGHT = "preflight", _("preflight")
        FIX = "fix", _("fix")
        INSTALL = "install", _("install")
        RESET = "reset", _("reset")
        ADD_NODES = "add_nodes", _("add nodes")
        REMOVE_NODE = "remove_node", _("remove a node")
        UPGRADE = "upgrade", _("upgrade")
        CERTIFICATES = "certificates", _("renew certificates")

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    ENDED = (State.SUCCEEDED, State.FAILED, State.CANCELLED)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    install = models.ForeignKey(Install, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=16, choices=Kind.choices)
    state = models.CharField(max_length=16, choices=State.choices, default=State.QUEUED)
    asked = models.JSONField(default=dict)
    cancel_asked = models.BooleanField(default=False)
    problem = models.TextField(blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        ordering: ClassVar = ("-created_at", "-id")
        constraints: ClassVar = (
            models.UniqueConstraint(
                fields=("install",), condition=Q(state__in=("queued", "running")), name="install_run_one_at_a_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"


class InstallStep(models.Model):
    """One step of a run, as its plan said, and how far it came. `attempts` counts starts of its script."""

    class State(models.TextChoices):
        PENDING = "pending", _("pending")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        FAILED = "failed", _("failed")
        UNDONE = "undone", _("undone")

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(InstallRun, on_delete=models.CASCADE, related_name="steps")
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=128, help_text="shapes.Step.id")
    host = models.CharField(max_length=63, blank=True)
    stage = models.PositiveIntegerField()
    title = models.CharField(max_length=200)
    plan = models.JSONField(help_text="the rest of shapes.Step; no secret is in it")
    state = models.CharField(max_length=16, choices=State.choices, default=State.PENDING)
    was_done_before = models.BooleanField(default=False, help_text="its probe found nothing to do")
    attempts = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        ordering: ClassVar = ("number",)
        constraints: ClassVar = (models.UniqueConstraint(fields=("run", "key"), name="install_step_once"),)

    def __str__(self) -> str:
        return self.title


class InstallLine(models.Model):
    """One line of a run's log, numbered from 1 within it. `step` is the key of its step, "" for the run's own words."""

    id = models.BigAutoField(primary_key=True)
    run = models.ForeignKey(InstallRun, on_delete=models.CASCADE, related_name="lines")
    number = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)
    host = models.CharField(max_length=63, blank=True)
    step = models.CharField(max_length=128, blank=True)
    text = models.TextField()

    class Meta:
        ordering: ClassVar = ("number",)
        constraints: ClassVar = (models.UniqueConstraint(fields=("run", "number"), name="install_line_once"),)

    def __str__(self) -> str:
        return f"{self.number} {self.text[:80]}"
