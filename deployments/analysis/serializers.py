"""Analysis templates, measurements and trials as the API gives them. The commands judge what is sent."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from deployments.analysis.described import facts_of
from deployments.engine.judge import AGAINST_STABLE, RESTARTS
from deployments.models import AnalysisTemplate


class AnalysisTemplateSerializer(serializers.Serializer[Any]):
    """The fields of a template; what is left out on creation has its default."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=63)
    team = serializers.CharField(required=False, allow_null=True, help_text="null: everybody's")
    built_in = serializers.BooleanField(read_only=True)
    description = serializers.CharField(required=False, allow_blank=True, max_length=300)
    query = serializers.CharField(
        required=False,
        allow_blank=True,
        help_text="PromQL for one value; {{service}} {{namespace}} {{stable}} {{canary}} {{window}} are filled in.",
    )
    samples = serializers.CharField(
        required=False, allow_blank=True, help_text="PromQL that counts what the value stands on, for min_samples."
    )
    version_label = serializers.CharField(
        required=False, help_text="The label by which versions differ: pod, or one that holds the pod-template-hash."
    )
    success = serializers.CharField(required=False, allow_blank=True, help_text="A condition, as result >= 0.99")
    failure = serializers.CharField(required=False, allow_blank=True)
    compare = serializers.ChoiceField(choices=["", AGAINST_STABLE, RESTARTS], required=False)
    interval_seconds = serializers.IntegerField(required=False)
    count = serializers.IntegerField(required=False)
    initial_delay_seconds = serializers.IntegerField(required=False)
    failure_limit = serializers.IntegerField(required=False)
    inconclusive_limit = serializers.IntegerField(required=False)
    error_limit = serializers.IntegerField(required=False)
    min_samples = serializers.IntegerField(required=False)
    on_error = serializers.ChoiceField(choices=["pause", "abort"], required=False)
    dry_run = serializers.BooleanField(required=False)
    window_seconds = serializers.IntegerField(required=False)
    parameters = serializers.DictField(child=serializers.FloatField(), required=False)
    created_at = serializers.DateTimeField(read_only=True)
    changed_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: AnalysisTemplate) -> dict[str, Any]:
        own = {"id": str(instance.pk), **facts_of(instance), "built_in": instance.built_in}
        at = self.fields["created_at"]
        return {
            **own,
            "created_at": at.to_representation(instance.created_at),
            "changed_at": at.to_representation(instance.changed_at),
        }


class MeasurementOut(serializers.Serializer[Any]):
    """One measurement of a release."""

    run = serializers.CharField(read_only=True)
    number = serializers.IntegerField(read_only=True)
    at = serializers.DateTimeField(read_only=True)
    since = serializers.DateTimeField(read_only=True)
    query = serializers.CharField(read_only=True)
    value = serializers.FloatField(read_only=True, allow_null=True)
    stable_value = serializers.FloatField(read_only=True, allow_null=True)
    samples = serializers.FloatField(read_only=True, allow_null=True)
    weight = serializers.IntegerField(read_only=True)
    status = serializers.CharField(read_only=True)
    message = serializers.CharField(read_only=True)


class AnalysisOut(serializers.Serializer[Any]):
    """What one template has said in one run: `status` is running, passed, failed, inconclusive or accepted."""

    run = serializers.CharField(read_only=True)
    template = serializers.CharField(read_only=True)
    status = serializers.CharField(read_only=True)
    dry_run = serializers.BooleanField(read_only=True)
    message = serializers.CharField(read_only=True)
    measurements = MeasurementOut(many=True, read_only=True)


class TrialIn(serializers.Serializer[Any]):
    """Where to try which template: a stored one by name, or fields as they are typed."""

    service = serializers.CharField()
    environment = serializers.CharField()
    template = serializers.CharField(required=False, allow_blank=True)
    definition = serializers.DictField(required=False)


class TrialOut(serializers.Serializer[Any]):
    """One measurement that is not stored."""

    status = serializers.CharField(read_only=True)
    message = serializers.CharField(read_only=True)
    query = serializers.CharField(read_only=True)
    value = serializers.FloatField(read_only=True, allow_null=True)
    stable_value = serializers.FloatField(read_only=True, allow_null=True)
    samples = serializers.FloatField(read_only=True, allow_null=True)
    compares = serializers.BooleanField(read_only=True)
