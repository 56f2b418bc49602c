"""Audit entries as JSON."""

from __future__ import annotations

from rest_framework import serializers

from audit.models import Entry


class EntryOut(serializers.ModelSerializer[Entry]):
    object = serializers.SerializerMethodField(help_text="`type/name` of the thing.")

    class Meta:
        model = Entry
        fields = [
            *("id", "number", "at", "actor", "actor_id", "on_behalf_of", "token_name", "way", "address", "action"),
            *("object", "object_type", "object_id", "object_name", "team", "request_id", "before", "after", "data"),
            *("seal", "prev_hash", "hash"),
        ]
        read_only_fields = fields

    def get_object(self, entry: Entry) -> str:
        return f"{entry.object_type}/{entry.object_name}"


class VerdictOut(serializers.Serializer[dict[str, object]]):
    """Whether the chain of hashes holds."""

    valid = serializers.BooleanField()
    broken_at = serializers.IntegerField(allow_null=True, help_text="The first number of the chain that does not fit.")
    checked = serializers.IntegerField()
    unsealed = serializers.IntegerField(help_text="Entries of the last seconds, not in the chain yet.")
    since = serializers.IntegerField(help_text="The first number that retention has left.")
    guarded = serializers.BooleanField(help_text="Whether the database itself refuses changes of the log.")
