"""What the calls about charts and Helm releases read and answer. What is sent is judged by the commands."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from charts.models import ChartRepository, ChartUpload, HelmOperation, HelmRelease


class ChartRepositoryIn(serializers.Serializer[Any]):
    """A repository to register. Username and password are kept encrypted and never shown again."""

    name = serializers.CharField(max_length=63)
    url = serializers.CharField(max_length=2048, help_text="https://… of the folder with index.yaml, or oci://…")
    username = serializers.CharField(required=False, allow_blank=True, write_only=True, max_length=1024)
    password = serializers.CharField(
        required=False, allow_blank=True, write_only=True, max_length=1024, trim_whitespace=False
    )
    allow_private_address = serializers.BooleanField(required=False)


class ChartRepositoryEditIn(serializers.Serializer[Any]):
    """What is given is changed. Credentials stay as long as scheme, host and port do; empty ones are forgotten."""

    url = serializers.CharField(required=False, max_length=2048)
    username = serializers.CharField(required=False, allow_blank=True, write_only=True, max_length=1024)
    password = serializers.CharField(
        required=False, allow_blank=True, write_only=True, max_length=1024, trim_whitespace=False
    )
    allow_private_address = serializers.BooleanField(required=False)


class ChartRepositoryOut(serializers.Serializer[Any]):
    """A repository as it was last asked."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=ChartRepository.Kind.choices)
    url = serializers.CharField()
    has_login = serializers.BooleanField()
    allow_private_address = serializers.BooleanField()
    status = serializers.ChoiceField(choices=ChartRepository.Status.choices)
    status_message = serializers.CharField(allow_blank=True)
    charts = serializers.IntegerField()
    refreshed_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: ChartRepository) -> dict[str, Any]:
        plain = (
            "name",
            "kind",
            "url",
            "allow_private_address",
            "status",
            "status_message",
            "refreshed_at",
            "created_at",
        )
        count = getattr(instance, "chart_count", None)
        return {
            "id": str(instance.pk),
            **{name: getattr(instance, name) for name in plain},
            "has_login": instance.has_login,
            "charts": instance.charts.count() if count is None else count,
        }


class FoundChartOut(serializers.Serializer[Any]):
    """A chart that was found; `chart` is what an install takes."""

    chart = serializers.CharField()
    repository = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField(allow_blank=True)
    keywords = serializers.ListField(child=serializers.CharField())
    version = serializers.CharField()
    app_version = serializers.CharField(allow_blank=True)
    versions = serializers.ListField(child=serializers.CharField())


class FoundChartsOut(serializers.Serializer[Any]):
    """What a search found."""

    count = serializers.IntegerField()
    results = FoundChartOut(many=True)


class DependencyOut(serializers.Serializer[Any]):
    """One dependency of a chart."""

    name = serializers.CharField(allow_blank=True)
    version = serializers.CharField(allow_blank=True)
    repository = serializers.CharField(allow_blank=True)
    condition = serializers.CharField(allow_blank=True)
    is_packed = serializers.BooleanField()


class ChartUploadOut(serializers.Serializer[Any]):
    """An uploaded chart; `chart` is what an install takes."""

    id = serializers.UUIDField()
    chart = serializers.CharField()
    name = serializers.CharField()
    version = serializers.CharField()
    app_version = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    team = serializers.CharField(allow_null=True)
    digest = serializers.CharField()
    dependencies = DependencyOut(many=True)
    created_at = serializers.DateTimeField()

    def to_representation(self, instance: ChartUpload) -> dict[str, Any]:
        facts = instance.archive.facts
        return {
            "id": str(instance.pk),
            "chart": f"uploads/{instance.name}",
            "name": instance.name,
            "version": instance.chart_version,
            "app_version": facts["app_version"],
            "description": facts["description"],
            "team": instance.team.name if instance.team else None,
            "digest": f"sha256:{instance.archive.digest}",
            "dependencies": facts["dependencies"],
            "created_at": instance.created_at,
        }


class ChartUploadIn(serializers.Serializer[Any]):
    """A form with the archive; or send the archive itself as application/gzip."""

    chart = serializers.FileField()
    team = serializers.CharField(required=False)


class ResourceOut(serializers.Serializer[Any]):
    """One object of the release, as the operation last saw it."""

    object = serializers.CharField()
    state = serializers.ChoiceField(choices=["ready", "waiting", "failed"])
    message = serializers.CharField(allow_blank=True)


class HelmOperationOut(serializers.Serializer[Any]):
    """One operation on a release. `problem` says why it failed."""

    id = serializers.UUIDField()
    release = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=HelmOperation.Kind.choices)
    state = serializers.ChoiceField(choices=HelmOperation.State.choices)
    step = serializers.ChoiceField(choices=HelmOperation.Step.choices)
    chart = serializers.CharField(allow_blank=True)
    version = serializers.CharField(allow_blank=True)
    to_revision = serializers.IntegerField(allow_null=True)
    atomic = serializers.BooleanField()
    attempts = serializers.IntegerField()
    problem = serializers.CharField(allow_blank=True)
    resources = ResourceOut(many=True)
    by = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: HelmOperation) -> dict[str, Any]:
        plain = ("kind", "state", "step", "atomic", "attempts", "problem", "created_at", "ended_at")
        rows = [{name: row.get(name, "") for name in ("object", "state", "message")} for row in instance.resources]
        return {
            "id": str(instance.pk),
            "release": str(instance.release_id),
            **{name: getattr(instance, name) for name in plain},
            "chart": instance.chart_ref,
            "version": instance.chart_version,
            "to_revision": instance.to_revision or None,
            "resources": rows,
            "by": instance.created_by.username if instance.created_by else "",
        }


class LineOut(serializers.Serializer[Any]):
    """One line of an operation's log."""

    number = serializers.IntegerField()
    at = serializers.DateTimeField()
    text = serializers.CharField()


class HelmReleaseOut(serializers.Serializer[Any]):
    """A Helm release as it was last seen. `status` is Helm's word; `operation` is what Slipway does to it now."""

    id = serializers.UUIDField()
    cluster = serializers.CharField()
    namespace = serializers.CharField()
    name = serializers.CharField()
    status = serializers.CharField()
    revision = serializers.IntegerField()
    chart = serializers.CharField(allow_blank=True)
    chart_name = serializers.CharField(allow_blank=True)
    version = serializers.CharField(allow_blank=True)
    app_version = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    deployed_at = serializers.DateTimeField(allow_null=True)
    seen_at = serializers.DateTimeField(allow_null=True)
    operation = HelmOperationOut(allow_null=True)

    def to_representation(self, instance: HelmRelease) -> dict[str, Any]:
        running = getattr(instance, "running", None)
        operation = running[0] if running else None
        plain = ("namespace", "name", "status", "revision", "app_version", "description", "deployed_at", "seen_at")
        is_from = not instance.chart or instance.chart_ref.rpartition("/")[2] == instance.chart
        return {
            "id": str(instance.pk),
            "cluster": instance.cluster.name,
            **{name: getattr(instance, name) for name in plain},
            "chart": (instance.chart_ref if is_from else "") or instance.chart,
            "chart_name": instance.chart,
            "version": instance.chart_version,
            "operation": HelmOperationOut(operation).data if operation else None,
        }


class HelmInstallIn(serializers.Serializer[Any]):
    """What to install, where. `values` is an object, or text in YAML; without `version` the newest is taken."""

    cluster = serializers.CharField()
    namespace = serializers.CharField(max_length=63)
    name = serializers.CharField(max_length=53)
    chart = serializers.CharField(max_length=512, help_text="REPOSITORY/NAME, uploads/NAME or oci://HOST/PATH/NAME")
    version = serializers.CharField(required=False, allow_blank=True, max_length=128)
    values = serializers.JSONField(required=False, allow_null=True)
    atomic = serializers.BooleanField(required=False)
    create_namespace = serializers.BooleanField(required=False)
    timeout_seconds = serializers.IntegerField(required=False, min_value=5, max_value=3600)


class HelmUpgradeIn(serializers.Serializer[Any]):
    """What to change. Without `values` those it has are kept; without `chart` the one it was installed from."""

    chart = serializers.CharField(required=False, max_length=512)
    version = serializers.CharField(required=False, allow_blank=True, max_length=128)
    values = serializers.JSONField(required=False, allow_null=True)
    atomic = serializers.BooleanField(required=False)
    timeout_seconds = serializers.IntegerField(required=False, min_value=5, max_value=3600)


class HelmRevisionIn(serializers.Serializer[Any]):
    """Which revision is meant."""

    revision = serializers.IntegerField(min_value=1, max_value=2_000_000_000)


class HelmRollbackIn(HelmRevisionIn):
    """Which revision to go back to."""

    timeout_seconds = serializers.IntegerField(required=False, min_value=5, max_value=3600)


class ChangeOut(serializers.Serializer[Any]):
    """What happens to one object."""

    object = serializers.CharField()
    action = serializers.ChoiceField(choices=["created", "changed", "removed"])


class TriedOut(serializers.Serializer[Any]):
    """What an install or upgrade would do. Values of Secrets are masked; `diff` is a unified diff."""

    chart = serializers.CharField()
    version = serializers.CharField()
    manifest = serializers.CharField(allow_blank=True)
    changes = ChangeOut(many=True)
    diff = serializers.CharField(allow_blank=True)
    notes = serializers.CharField(allow_blank=True)
    beyond_namespace = serializers.ListField(child=serializers.CharField())


class HelmRevisionOut(serializers.Serializer[Any]):
    """One revision, under the names of `helm history --output json`."""

    revision = serializers.IntegerField()
    updated = serializers.CharField(allow_blank=True)
    status = serializers.CharField()
    chart = serializers.CharField()
    app_version = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)


class HelmHistoryOut(serializers.Serializer[Any]):
    """The revisions that Helm keeps, newest first."""

    count = serializers.IntegerField()
    results = HelmRevisionOut(many=True)


class HelmManifestOut(serializers.Serializer[Any]):
    """The manifest of one revision."""

    revision = serializers.IntegerField()
    manifest = serializers.CharField(allow_blank=True)
