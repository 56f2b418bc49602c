"""What the calls about installs read and answer. What is sent is judged by the commands; no answer holds a secret."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import serializers

from installs.host_keys import fingerprint
from installs.models import CheckRecord, Install, InstallHost, InstallRun, InstallStep
from installs.plain import fix_values, result_of
from installs.shapes import Step

CONFIG_FIELDS = (
    "kubernetes_version",
    "pod_cidr",
    "service_cidr",
    "dns_domain",
    "control_plane_endpoint",
    "cni",
    "cni_manifest",
    "image_repository",
    "container_runtime",
    "bundle",
    "package_repository",
    "cert_sans",
)


class CredentialIn(serializers.Serializer[Any]):
    """How to sign in: a private key, or a password. Kept encrypted, never shown again."""

    private_key = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False, write_only=True)
    passphrase = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False, write_only=True)
    password = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False, write_only=True)
    sudo_password = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False, write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.get("private_key") and not attrs.get("password"):
            raise serializers.ValidationError(_("Give private_key or password."))
        return attrs


class InstallHostIn(serializers.Serializer[Any]):
    """A machine. A `jump` host passes the connections to all others on."""

    name = serializers.CharField(max_length=253)
    address = serializers.CharField(max_length=253)
    port = serializers.IntegerField(required=False)
    user = serializers.CharField(required=False, max_length=253)
    role = serializers.ChoiceField(choices=InstallHost.Role.choices)
    credential = CredentialIn(required=False, allow_null=True)
    host_key = serializers.CharField(required=False, allow_blank=True, max_length=4096)


class InstallConfigIn(serializers.Serializer[Any]):
    """What the cluster shall be."""

    kubernetes_version = serializers.CharField(required=False, max_length=64)
    pod_cidr = serializers.CharField(required=False, max_length=200)
    service_cidr = serializers.CharField(required=False, max_length=200)
    dns_domain = serializers.CharField(required=False, max_length=253)
    control_plane_endpoint = serializers.CharField(required=False, allow_blank=True, max_length=300)
    cni = serializers.CharField(required=False, max_length=253)
    cni_manifest = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    image_repository = serializers.CharField(required=False, allow_blank=True, max_length=500)
    container_runtime = serializers.CharField(required=False, max_length=64)
    bundle = serializers.CharField(required=False, allow_blank=True, max_length=253)
    package_repository = serializers.CharField(required=False, allow_blank=True, max_length=500)
    cert_sans = serializers.ListField(child=serializers.CharField(max_length=253), required=False, max_length=100)


class InstallIn(InstallConfigIn):
    """A cluster to be made."""

    name = serializers.CharField(max_length=253)
    kubernetes_version = serializers.CharField(max_length=64)
    hosts = InstallHostIn(many=True, required=False)


class InstallEditIn(InstallConfigIn):
    """What is given is changed; `hosts` takes the place of all hosts."""

    hosts = InstallHostIn(many=True, required=False)


class InstallHostOut(serializers.Serializer[Any]):
    """A machine as it was last seen. `offered_key` is what it showed and nobody has confirmed."""

    name = serializers.CharField()
    address = serializers.CharField()
    port = serializers.IntegerField()
    user = serializers.CharField()
    role = serializers.ChoiceField(choices=InstallHost.Role.choices)
    signs_in = serializers.BooleanField()
    host_key = serializers.CharField(allow_blank=True)
    host_key_fingerprint = serializers.CharField(allow_blank=True)
    offered_key = serializers.CharField(allow_blank=True)
    offered_fingerprint = serializers.CharField(allow_blank=True)
    unreachable = serializers.CharField(allow_blank=True)
    seen_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: InstallHost) -> dict[str, Any]:
        plain = ("name", "address", "port", "user", "role", "host_key", "offered_key", "unreachable", "seen_at")
        return {
            **{name: getattr(instance, name) for name in plain},
            "signs_in": bool(getattr(instance, "signs_in", instance.__dict__.get("credential"))),
            "host_key_fingerprint": fingerprint(instance.host_key),
            "offered_fingerprint": fingerprint(instance.offered_key),
        }


class InstallRunOut(serializers.Serializer[Any]):
    """One thing that was asked of an install. `problem` says why it failed."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=InstallRun.Kind.choices)
    state = serializers.ChoiceField(choices=InstallRun.State.choices)
    problem = serializers.CharField(allow_blank=True)
    cancel_asked = serializers.BooleanField()
    by = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: InstallRun) -> dict[str, Any]:
        plain = ("kind", "state", "problem", "cancel_asked", "created_at", "ended_at")
        return {
            "id": str(instance.pk),
            **{name: getattr(instance, name) for name in plain},
            "by": instance.created_by.username if instance.created_by else "",
        }


class InstallStepOut(serializers.Serializer[Any]):
    """One step of a run and how far it came."""

    id = serializers.CharField()
    host = serializers.CharField(allow_blank=True)
    stage = serializers.IntegerField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=InstallStep.State.choices)
    was_done_before = serializers.BooleanField()
    attempts = serializers.IntegerField()
    problem = serializers.CharField(allow_blank=True)
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: InstallStep) -> dict[str, Any]:
        plain = ("host", "stage", "title", "state", "was_done_before", "attempts", "problem", "started_at", "ended_at")
        return {"id": instance.key, **{name: getattr(instance, name) for name in plain}}


class InstallPlannedStepOut(serializers.Serializer[Any]):
    """One step as it would be done: the scripts as they would run, secrets only by name."""

    id = serializers.CharField()
    host = serializers.CharField(allow_blank=True)
    stage = serializers.IntegerField()
    title = serializers.CharField()
    script = serializers.CharField(allow_blank=True)
    files = serializers.ListField(child=serializers.CharField())
    needs = serializers.ListField(child=serializers.CharField())
    timeout_seconds = serializers.IntegerField()

    def to_representation(self, instance: Step) -> dict[str, Any]:
        plain = ("id", "host", "stage", "title", "script", "timeout_seconds")
        return {
            **{name: getattr(instance, name) for name in plain},
            "files": [file.path for file in instance.files],
            "needs": list(instance.needs),
        }


class InstallPlanOut(serializers.Serializer[Any]):
    """What would be done, in order."""

    count = serializers.IntegerField()
    results = InstallPlannedStepOut(many=True)


class InstallRunWithStepsOut(InstallRunOut):
    """A run with its steps."""

    steps = InstallStepOut(many=True)

    def to_representation(self, instance: InstallRun) -> dict[str, Any]:
        return {**super().to_representation(instance), "steps": InstallStepOut(instance.steps.all(), many=True).data}


class InstallLineOut(serializers.Serializer[Any]):
    """One line of a run's log."""

    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    host = serializers.CharField(allow_blank=True)
    step = serializers.CharField(allow_blank=True)
    text = serializers.CharField(allow_blank=True)


class InstallOut(serializers.Serializer[Any]):
    """An install with its hosts. `run` is what runs, or ran last; `problem` says why it failed."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=Install.Status.choices)
    problem = serializers.CharField(allow_blank=True)
    kubernetes_version = serializers.CharField()
    pod_cidr = serializers.CharField()
    service_cidr = serializers.CharField()
    dns_domain = serializers.CharField()
    control_plane_endpoint = serializers.CharField(allow_blank=True)
    cni = serializers.CharField()
    cni_manifest = serializers.CharField(allow_blank=True)
    image_repository = serializers.CharField(allow_blank=True)
    container_runtime = serializers.CharField()
    bundle = serializers.CharField(allow_blank=True)
    package_repository = serializers.CharField(allow_blank=True)
    cert_sans = serializers.ListField(child=serializers.CharField())
    hosts = InstallHostOut(many=True)
    cluster = serializers.CharField(allow_null=True)
    run = InstallRunOut(allow_null=True)
    checked_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()
    created_by = serializers.CharField(allow_blank=True)
    links = serializers.DictField(child=serializers.CharField())

    def to_representation(self, instance: Install) -> dict[str, Any]:
        run = next(iter(instance.runs.all()), None)
        at = reverse("api:install", args=[instance.pk])
        return {
            "id": str(instance.pk),
            "name": instance.name,
            "status": instance.status,
            "problem": instance.problem,
            **{name: instance.config.get(name, [] if name == "cert_sans" else "") for name in CONFIG_FIELDS},
            "hosts": InstallHostOut(instance.hosts.all(), many=True).data,
            "cluster": instance.cluster.name if instance.cluster else None,
            "run": InstallRunOut(run).data if run else None,
            "checked_at": instance.checked_at,
            "created_at": instance.created_at,
            "created_by": instance.created_by.username if instance.created_by else "",
            "links": {
                "self": at,
                "checks": f"{at}checks/",
                "events": f"{at}events/",
                "config": f"{at}config/",
                "ui": instance.get_absolute_url(),
            },
        }


class InstallFixWayOut(serializers.Serializer[Any]):
    """One way to mend a finding: the exact lines that run on confirmation."""

    id = serializers.CharField()
    title = serializers.CharField()
    commands = serializers.ListField(child=serializers.CharField())


class InstallFixOut(InstallFixWayOut):
    """How a finding is mended, and in which other ways: `fix` of a chosen fix names one by its `id`."""

    alternatives = InstallFixWayOut(many=True)


class InstallCheckOut(serializers.Serializer[Any]):
    """One result. `host` is empty for what concerns the install as a whole."""

    host = serializers.CharField(allow_blank=True)
    check = serializers.CharField(source="check_name")
    kubeadm_name = serializers.CharField(allow_blank=True)
    severity = serializers.ChoiceField(choices=["error", "warning"])
    status = serializers.ChoiceField(choices=["pass", "warn", "fail", "skip", "unknown"])
    observed = serializers.CharField(allow_blank=True)
    expected = serializers.CharField(allow_blank=True)
    doc = serializers.CharField(allow_blank=True)
    fix = InstallFixOut(allow_null=True)
    fix_id = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()
    acknowledged = serializers.DictField(allow_null=True)

    def to_representation(self, instance: CheckRecord) -> dict[str, Any]:
        plain = ("host", "kubeadm_name", "severity", "status", "observed", "expected", "doc", "at")
        acknowledged = None
        if instance.acknowledged_at:
            acknowledged = {
                "by": instance.acknowledged_by.username if instance.acknowledged_by else "",
                "reason": instance.acknowledged_reason,
                "at": instance.acknowledged_at,
            }
        fix = fix_values(result_of(instance).fix)
        return {
            "host": instance.host,
            "check": instance.check_name,
            **{name: getattr(instance, name) for name in plain[1:]},
            "fix": fix,
            "fix_id": fix["id"] if fix else "",
            "acknowledged": acknowledged,
        }


class PreflightIn(serializers.Serializer[Any]):
    """Which to check again; nothing checks all."""

    host = serializers.CharField(required=False, allow_blank=True, max_length=253)
    check = serializers.CharField(required=False, allow_blank=True, max_length=64)


class AcknowledgeIn(serializers.Serializer[Any]):
    """A finding that is taken on."""

    host = serializers.CharField(required=False, allow_blank=True, max_length=253)
    check = serializers.CharField(max_length=64)
    reason = serializers.CharField(max_length=1000)


class ChosenFixIn(serializers.Serializer[Any]):
    """The finding whose fix is to run; `fix` is the id of one of its alternatives."""

    host = serializers.CharField(max_length=253)
    check = serializers.CharField(max_length=64)
    fix = serializers.CharField(required=False, allow_blank=True, max_length=64)


class InstallFixesIn(serializers.Serializer[Any]):
    """Fixes that are confirmed."""

    fixes = ChosenFixIn(many=True)


class InstallStartIn(serializers.Serializer[Any]):
    """`apply_fixes` confirms all fixes but those that take data away; `acknowledge` takes findings on."""

    apply_fixes = serializers.BooleanField(required=False)
    acknowledge = AcknowledgeIn(many=True, required=False)


class TypedNameIn(serializers.Serializer[Any]):
    """The name of what goes, as a person types it; a program that names the address may leave it out."""

    typed_name = serializers.CharField(required=False, max_length=253)


class InstallHostKeyIn(serializers.Serializer[Any]):
    """The key that is confirmed: whole, or its `SHA256:` fingerprint."""

    key = serializers.CharField(max_length=4096)


class InstallNodesIn(serializers.Serializer[Any]):
    """Hosts that shall join."""

    hosts = InstallHostIn(many=True)


class InstallUpgradeIn(serializers.Serializer[Any]):
    """The version to go to; `bundle` names the offline bundle that has it."""

    version = serializers.CharField(max_length=64)
    bundle = serializers.CharField(required=False, allow_blank=True, max_length=253)


class InstallFileOut(serializers.Serializer[Any]):
    """One rendered file."""

    name = serializers.CharField()
    text = serializers.CharField()


class InstallFilesOut(serializers.Serializer[Any]):
    """What kubeadm is given, per host."""

    files = InstallFileOut(many=True)


class InventoryIn(serializers.Serializer[Any]):
    """The text of an inventory file; its format is found out where none is given."""

    text = serializers.CharField(trim_whitespace=False)
    format = serializers.CharField(required=False, allow_blank=True, max_length=32)


class InventoryHostOut(serializers.Serializer[Any]):
    """A host that the file names."""

    name = serializers.CharField()
    address = serializers.CharField()
    role = serializers.CharField()
    port = serializers.IntegerField()
    user = serializers.CharField()


class InventoryOut(serializers.Serializer[Any]):
    """What was read: hosts and fields for a new install. Nothing was saved; passwords in it were left out."""

    hosts = InventoryHostOut(many=True)
    config = serializers.DictField()
    notes = serializers.ListField(child=serializers.CharField())


class InventoryTextOut(serializers.Serializer[Any]):
    """The hosts as a file."""

    format = serializers.CharField()
    text = serializers.CharField()


class InstallEventOut(serializers.Serializer[Any]):
    """One line of the story of an install, numbered over all its runs."""

    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    actor = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)
    data = serializers.DictField()  # type: ignore[assignment]
