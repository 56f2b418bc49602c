"""What the calls about approvals read and answer."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from deployments.approval_facts import approval_facts
from deployments.eligible import Voters, voters_of
from deployments.models import Approval, Voice
from deployments.serializers import StrictBody, note_field, step_field


class VoiceIn(StrictBody):
    """A voice. `step` and `subject`, where given, have to be those of the approval that waits: a script that decides
    about what it has looked at sends them."""

    step = step_field()
    comment = note_field()
    subject = serializers.CharField(required=False, default="", allow_blank=True, max_length=64)


class RuleOut(serializers.Serializer[Any]):
    """One rule, with the voices that count for it now."""

    team = serializers.CharField()
    count = serializers.IntegerField()
    given = serializers.ListField(child=serializers.CharField())
    missing = serializers.IntegerField()


class VoiceOut(serializers.Serializer[Any]):
    """What one person said."""

    person = serializers.CharField()
    verdict = serializers.ChoiceField(choices=Voice.Verdict.choices)
    comment = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class ApprovalLinksOut(serializers.Serializer[Any]):
    """Where to go on."""

    release = serializers.URLField()
    ui = serializers.URLField()


class ApprovalOut(serializers.Serializer[Approval]):
    """Voices asked for at one gate of a release. `why_not` says why the caller may not decide, "" when they may."""

    id = serializers.UUIDField()
    release = serializers.UUIDField()
    number = serializers.IntegerField()
    service = serializers.CharField()
    environment = serializers.CharField()
    version = serializers.CharField()
    gate = serializers.CharField()
    step = serializers.IntegerField(allow_null=True)
    state = serializers.ChoiceField(choices=Approval.State.choices)
    subject = serializers.CharField()
    images = serializers.DictField(child=serializers.CharField())
    mutable_images = serializers.ListField(child=serializers.CharField())
    rules = RuleOut(many=True)
    voices = VoiceOut(many=True)
    requested_by = serializers.CharField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    asked_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    decided_at = serializers.DateTimeField(allow_null=True)
    why_not = serializers.CharField(allow_blank=True)
    links = ApprovalLinksOut()

    def to_representation(self, instance: Approval) -> Any:
        request = self.context["request"]
        return approval_facts(instance, request.user, self._voters(instance), request.build_absolute_uri("/")[:-1])

    def _voters(self, instance: Approval) -> Voters:
        """Of a list they are looked up once for all."""
        if not isinstance(self.parent, serializers.ListSerializer):
            return voters_of([instance])
        if "voters" not in self.__dict__:
            self.__dict__["voters"] = voters_of(self.parent.instance or [])
        found: Voters = self.__dict__["voters"]
        return found
