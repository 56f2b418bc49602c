"""What the calls about audit sinks read and answer. What is sent is judged by the commands."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from sinks.commands.create import STARTS
from sinks.facts import sink_facts
from sinks.models import AuditSink


class SinkSerializer(serializers.Serializer[Any]):
    """A sink. `address`, `bearer` and `key` are written and never read."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=80)
    address = serializers.CharField(
        write_only=True, help_text="`tls://logs.example.com:6514`, `tcp://`, `udp://` or `https://`."
    )
    bearer = serializers.CharField(write_only=True, required=False, help_text="Sent as `Authorization: Bearer`.")
    key = serializers.CharField(
        write_only=True, required=False, help_text="Signs each POST as webhooks are signed (HMAC-SHA256)."
    )
    authority = serializers.CharField(
        required=False, allow_blank=True, help_text="A certificate in PEM form, believed beside the system's."
    )
    allow_private_address = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)
    start = serializers.ChoiceField(
        choices=STARTS, write_only=True, required=False, help_text="From now on, or all that is still in the log."
    )
    kind = serializers.ChoiceField(choices=AuditSink.Kind.choices, read_only=True)
    host = serializers.CharField(read_only=True)
    state = serializers.ChoiceField(choices=["active", "failing", "disabled"], read_only=True)
    position = serializers.IntegerField(read_only=True, help_text="The number of the last entry that it has.")
    lag = serializers.IntegerField(read_only=True, allow_null=True, help_text="How many sealed entries it lacks.")
    delivered_at = serializers.DateTimeField(read_only=True, allow_null=True)
    failing_since = serializers.DateTimeField(read_only=True, allow_null=True)
    attempts = serializers.IntegerField(read_only=True)
    next_attempt_at = serializers.DateTimeField(read_only=True, allow_null=True)
    error = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: AuditSink) -> Any:
        return sink_facts(instance)
