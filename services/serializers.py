"""The catalog's rows as the API writes them. What is sent is judged by the commands, so that pages and API agree."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from services.models import Colour, Service, Target
from services.queries import TargetRow


class ApprovalRuleSerializer(serializers.Serializer[Any]):
    team = serializers.CharField()
    count = serializers.IntegerField(min_value=1)


class PromotionGateSerializer(serializers.Serializer[Any]):
    """An image is released here only once it has proved itself in environment `from`."""

    soak_seconds = serializers.IntegerField(required=False, min_value=0)
    require_success = serializers.BooleanField(required=False)
    require_same_image = serializers.BooleanField(required=False)

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python.
        return {"from": serializers.CharField(max_length=63), **super().get_fields()}


class EnvironmentSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=63)
    title = serializers.CharField(required=False, allow_blank=True)
    order = serializers.IntegerField(required=False)
    protected = serializers.BooleanField(required=False)
    approvals = ApprovalRuleSerializer(many=True, required=False)
    freeze_windows = serializers.ListField(child=serializers.DictField(), required=False)
    strategy = serializers.JSONField(required=False, allow_null=True)
    promotion = PromotionGateSerializer(required=False, allow_null=True)
    colour = serializers.ChoiceField(choices=Colour.choices, required=False)
    created_at = serializers.DateTimeField(read_only=True)


class LinkSerializer(serializers.Serializer[Any]):
    title = serializers.CharField(required=False)
    url = serializers.URLField()


class ServiceSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=63)
    title = serializers.CharField(required=False, allow_blank=True)
    description = serializers.CharField(required=False, allow_blank=True)
    team = serializers.CharField(source="team.name")
    lifecycle = serializers.ChoiceField(choices=Service.Lifecycle.choices, required=False)
    system = serializers.CharField(required=False, allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField(), required=False)
    links = LinkSerializer(many=True, required=False)
    annotations = serializers.DictField(child=serializers.CharField(), required=False)
    depends_on = serializers.ListField(child=serializers.CharField(), required=False)
    provides_apis = serializers.ListField(child=serializers.CharField(), required=False)
    created_at = serializers.DateTimeField(read_only=True)


class SeenSerializer(serializers.Serializer[TargetRow]):
    """What the cluster was last seen to run there."""

    version = serializers.CharField(read_only=True)
    image = serializers.CharField(read_only=True)
    health = serializers.CharField(source="health.state", read_only=True)
    reason = serializers.CharField(source="health.reason", read_only=True)
    desired = serializers.IntegerField(read_only=True)
    ready = serializers.IntegerField(read_only=True)
    as_of = serializers.DateTimeField(read_only=True, allow_null=True)
    stale = serializers.SerializerMethodField()

    def get_stale(self, row: TargetRow) -> bool:
        return not row.is_fresh


class TargetSerializer(serializers.Serializer[TargetRow]):
    id = serializers.UUIDField(source="target.pk", read_only=True)
    service = serializers.CharField(source="target.service.name", read_only=True)
    environment = serializers.CharField(source="target.environment.name")
    cluster = serializers.CharField(source="target.cluster.name")
    namespace = serializers.CharField(source="target.namespace")
    workload = serializers.CharField(source="target.workload")
    kind = serializers.ChoiceField(source="target.kind", choices=Target.Kind.choices, required=False)
    container = serializers.CharField(source="target.container", required=False)
    kubernetes_service = serializers.CharField(source="target.kubernetes_service", required=False, allow_blank=True)
    strategy = serializers.JSONField(source="target.strategy", required=False, allow_null=True)
    seen = SeenSerializer(source="*", read_only=True)
    created_at = serializers.DateTimeField(source="target.created_at", read_only=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # Declared here, as a class attribute of this name would hide the serializer's own method.
        return {**super().get_fields(), "create": serializers.DictField(write_only=True, required=False)}


class ImportSerializer(serializers.Serializer[Any]):
    """Either `yaml`, or `cluster` with or without `namespace`."""

    yaml = serializers.CharField(required=False)
    location = serializers.URLField(required=False)
    cluster = serializers.CharField(required=False)
    namespace = serializers.CharField(required=False)


class PlanSerializer(serializers.Serializer[Any]):
    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        # As class attributes, `create` and `update` would hide the serializer's own methods.
        groups = ("create", "update", "unchanged", "conflict", "invalid", "skipped")
        return {group: serializers.ListField(child=serializers.DictField()) for group in groups}
