"""Metrics as JSON. Series are what Prometheus gives: numbers as text, times as Unix seconds."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers


class SeriesOut(serializers.Serializer[Any]):
    """One series of a Prometheus matrix."""

    metric = serializers.DictField(child=serializers.CharField())
    values = serializers.ListField(
        child=serializers.ListField(), help_text="Pairs of Unix seconds and the number as text."
    )


class SignalOut(serializers.Serializer[Any]):
    """One golden signal."""

    unit = serializers.ChoiceField(["per_second", "ratio", "seconds", "cores", "bytes"])
    query = serializers.CharField(help_text="The PromQL that was sent.")
    result_type = serializers.ChoiceField(["matrix"])
    result = SeriesOut(many=True)
    no_data = serializers.CharField(allow_null=True, help_text="Why there is no series, null where there is one.")


class MarkerOut(serializers.Serializer[Any]):
    """A moment of a release."""

    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(["start", "finish"])
    release = serializers.UUIDField()
    version = serializers.CharField()
    status = serializers.CharField()


class ServiceMetricsOut(serializers.Serializer[Any]):
    """The golden signals of a service in one environment."""

    service = serializers.CharField()
    environment = serializers.CharField()
    cluster = serializers.CharField()
    namespace = serializers.CharField()
    workload = serializers.CharField()
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    step = serializers.IntegerField(help_text="Seconds between two points.")
    as_of = serializers.DateTimeField()
    no_data = serializers.CharField(allow_null=True, help_text="Why Prometheus told nothing at all.")
    signals = serializers.DictField(child=SignalOut(), help_text="By name: request_rate, error_ratio, latency_p50 ...")
    markers = MarkerOut(many=True)


class QueryOut(serializers.Serializer[Any]):
    """The answer to PromQL."""

    query = serializers.CharField(help_text="What was sent, with the label that was forced.")
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    step = serializers.IntegerField()
    as_of = serializers.DateTimeField()
    result_type = serializers.ChoiceField(["matrix"])
    result = SeriesOut(many=True)
    left_out = serializers.IntegerField(help_text="How many series are missing because there were too many.")
