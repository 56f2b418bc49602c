"""Clusters and grants as JSON. No serializer here reads a credential."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from clusters.models import Cluster, Grant


class StepOut(serializers.Serializer[Any]):
    """One step of the check of a cluster."""

    name = serializers.CharField()
    status = serializers.ChoiceField(["passed", "failed", "skipped"])
    detail = serializers.CharField()
    next = serializers.CharField()


class ClusterOut(serializers.ModelSerializer[Cluster]):
    """A cluster as everybody who sees it may know it."""

    version = serializers.CharField(source="kubernetes_version", help_text="The API server's version.")
    labels = serializers.DictField(child=serializers.CharField())
    capabilities = serializers.DictField(help_text="Capability to the version of the API that brings it, or null.")
    progress = serializers.DictField(allow_null=True, help_text="While Slipway itself is building it.")
    created_by = serializers.SerializerMethodField()
    health = serializers.SerializerMethodField(help_text="The worst of its components; see /health/.")

    class Meta:
        model = Cluster
        fields = [
            *("id", "name", "title", "environment", "labels", "api_url", "context", "prometheus_url"),
            *("tls_server_name", "insecure_skip_tls_verify", "allow_private_address"),
            *("version", "uid", "capabilities", "status", "status_message", "progress", "health"),
            *("last_seen_at", "checked_at", "created_at", "created_by"),
        ]
        read_only_fields = fields

    def get_created_by(self, cluster: Cluster) -> str:
        return cluster.created_by.username if cluster.created_by else ""

    def get_health(self, cluster: Cluster) -> str:
        return str((cluster.health or {}).get("status", "unknown"))


class ClusterRegistered(ClusterOut):
    """A cluster with the steps of the check that it has just passed."""

    steps = StepOut(many=True)

    class Meta(ClusterOut.Meta):
        fields = [*ClusterOut.Meta.fields, "steps"]
        read_only_fields = fields


class ClusterChecked(serializers.Serializer[Any]):
    """What a dry run found."""

    name = serializers.CharField()
    api_url = serializers.CharField()
    version = serializers.CharField()
    uid = serializers.CharField()
    capabilities = serializers.DictField()
    steps = StepOut(many=True)


class SourceIn(serializers.Serializer[Any]):
    """Either a kubeconfig, or api_url with token."""

    kubeconfig = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False, write_only=True)
    context = serializers.CharField(required=False, allow_blank=True, max_length=253)  # type: ignore[assignment]
    api_url = serializers.CharField(required=False, allow_blank=True, max_length=2048)
    token = serializers.CharField(required=False, allow_blank=True, write_only=True)
    ca_data = serializers.CharField(required=False, allow_blank=True, help_text="PEM, or base64 of PEM.")
    tls_server_name = serializers.CharField(required=False, allow_blank=True, max_length=253)
    insecure_skip_tls_verify = serializers.BooleanField(required=False)
    allow_private_address = serializers.BooleanField(required=False)


class ClusterIn(SourceIn):
    name = serializers.CharField(max_length=200)
    title = serializers.CharField(required=False, allow_blank=True)
    environment = serializers.CharField(required=False, allow_blank=True)
    labels = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    prometheus_url = serializers.CharField(required=False, allow_blank=True, max_length=2048)


class ClusterEdit(serializers.Serializer[Any]):
    """Address, trust and credentials change together, by PUT /clusters/{name}/credentials/."""

    name = serializers.CharField(required=False, max_length=63, help_text="A new name; its addresses follow.")
    title = serializers.CharField(required=False, allow_blank=True)
    environment = serializers.CharField(required=False, allow_blank=True)
    labels = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    prometheus_url = serializers.CharField(required=False, allow_blank=True, max_length=2048)


class ComponentOut(serializers.Serializer[Any]):
    """One of the seven components, with what proves its state."""

    name = serializers.CharField()
    status = serializers.ChoiceField(["healthy", "degraded", "unhealthy", "unknown"])
    source = serializers.ChoiceField(["probe", "lease", "pod", "node", "inferred", "none"])  # type: ignore[assignment]
    evidence = serializers.ListField(child=serializers.CharField())
    message = serializers.CharField()
    observed_at = serializers.DateTimeField(allow_null=True)


class ValidityOut(serializers.Serializer[Any]):
    """How long a certificate or token of the connection is good, as it was last seen."""

    of = serializers.ChoiceField(["server_certificate", "client_certificate", "token"])
    subject = serializers.CharField()
    issuer = serializers.CharField()
    expires_at = serializers.DateTimeField()
    days_left = serializers.IntegerField(help_text="Whole days; below 0 once it has run out.")


class HealthOut(serializers.Serializer[Any]):
    """The components of a cluster; `stale` when the last check is too old to be trusted."""

    status = serializers.ChoiceField(["healthy", "degraded", "unhealthy", "unknown"])
    checked_at = serializers.DateTimeField(allow_null=True)
    stale = serializers.BooleanField()
    components = ComponentOut(many=True)
    validities = ValidityOut(many=True)


class ObservedOut(serializers.Serializer[Any]):
    """A portion of what the watcher saw; `as_of` is how fresh it is, `stale` that nobody watches now."""

    results = serializers.ListField(child=serializers.DictField())
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    count = serializers.IntegerField()
    as_of = serializers.DateTimeField(allow_null=True)
    stale = serializers.BooleanField()


class GrantOut(serializers.ModelSerializer[Grant]):
    """The namespaces of a cluster that a team may use."""

    team = serializers.CharField(source="team.name")
    cluster = serializers.CharField(source="cluster.name")
    namespaces = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Grant
        fields = ["id", "team", "cluster", "namespaces", "created_at"]
        read_only_fields = fields


class GrantIn(serializers.Serializer[Any]):
    team = serializers.CharField(max_length=63)
    cluster = serializers.CharField(max_length=63)
    namespaces = serializers.ListField(child=serializers.CharField(), help_text='Names, or ["*"] for all.')
