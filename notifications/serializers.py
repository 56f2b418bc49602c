"""What the calls about channels read and answer. What is sent is judged by the commands."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from notifications.facts import channel_facts, notice_facts
from notifications.kinds import KINDS
from notifications.models import Channel, Notice


class ChannelSerializer(serializers.Serializer[Any]):
    """A channel. `url` and `key` are written and never read; a webhook's key is answered once, when it is made."""

    id = serializers.UUIDField(read_only=True)
    team = serializers.CharField(required=False, allow_null=True)
    name = serializers.CharField(max_length=80)
    kind = serializers.ChoiceField(choices=Channel.Kind.choices)
    events = serializers.ListField(child=serializers.ChoiceField(choices=list(KINDS)), required=False)
    to = serializers.ListField(child=serializers.EmailField(), required=False)
    url = serializers.URLField(write_only=True, required=False)
    key = serializers.CharField(write_only=True, required=False)
    host = serializers.CharField(read_only=True)
    allow_private_address = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)
    created_at = serializers.DateTimeField(read_only=True)

    def to_representation(self, instance: Channel) -> Any:
        return channel_facts(instance)


class NoticeSerializer(serializers.Serializer[Any]):
    """One delivery to one channel."""

    id = serializers.UUIDField()
    key = serializers.CharField()
    event = serializers.CharField()
    state = serializers.ChoiceField(choices=["pending", "delivered", "failed"])
    title = serializers.CharField()
    attempts = serializers.IntegerField()
    answer = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)

    def to_representation(self, instance: Notice) -> Any:
        return notice_facts(instance)
