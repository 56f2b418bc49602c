"""What the release calls read and answer, for validation and for the OpenAPI schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from deployments.analysis.serializers import AnalysisOut
from deployments.facts import event_facts, release_facts, revision_facts
from deployments.models import Phase, Release, ReleaseEvent, Revision, Status

LONGEST_NOTE = 2000
MOST_CONTAINERS = 50


class StrictBody(serializers.Serializer[Any]):
    """A body in which a misspelt field is an error, not silence."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = {str(name): [_("There is no such field.")] for name in data if name not in self.fields}
            if unknown:
                raise serializers.ValidationError(unknown, code="unknown_field")
        return super().to_internal_value(data)


def note_field() -> serializers.CharField:
    """What people say in their own words; empty where they say nothing."""
    return serializers.CharField(required=False, default="", allow_blank=True, max_length=LONGEST_NOTE)


def wait_field() -> serializers.BooleanField:
    """Whether to wait for the soak time of a promotion gate instead of being refused."""
    return serializers.BooleanField(
        required=False, default=False, help_text="wait for the soak time of the promotion gate instead of a refusal"
    )


def override_field() -> serializers.CharField:
    """Why to pass a promotion gate; empty to keep to it."""
    return serializers.CharField(
        required=False,
        default="",
        allow_blank=True,
        max_length=LONGEST_NOTE,
        help_text="why it may pass the promotion gate; needs the role that may override a freeze window",
    )


def step_field() -> serializers.IntegerField:
    """The index of the step that the caller has seen; None where they don't say."""
    return serializers.IntegerField(required=False, allow_null=True, default=None, min_value=0)


class StrategyField(serializers.JSONField):
    """A strategy: its name, or an object with its parameters."""


class ReleaseIn(StrictBody):
    """What to release, where, and how. `image` is for the service's own container, `images` for several."""

    service = serializers.CharField(max_length=63)
    environment = serializers.CharField(max_length=63)
    image = serializers.CharField(required=False, trim_whitespace=False, allow_blank=True, max_length=4000)
    images = serializers.DictField(
        child=serializers.CharField(trim_whitespace=False, allow_blank=True, max_length=4000), required=False
    )
    version = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    strategy = StrategyField(required=False, allow_null=True, default=None)
    supersede = serializers.BooleanField(required=False, default=False)
    reason = note_field()
    commit = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    source_url = serializers.URLField(required=False, default="", allow_blank=True, max_length=500)
    config = serializers.DictField(required=False, default=dict)
    wait = wait_field()
    override = override_field()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("image" in attrs) == bool(attrs.get("images")):
            raise serializers.ValidationError({"image": [_("Give either image or images.")]}, code="required")
        if len(attrs.get("images") or {}) > MOST_CONTAINERS:
            raise serializers.ValidationError({"images": [_("That are too many containers.")]}, code="too_many")
        return attrs

    def validate_strategy(self, value: Any) -> Any:
        if value is not None and not isinstance(value, str | dict):
            raise serializers.ValidationError(_("A strategy is a name or an object."), code="type")
        return value


class RollbackIn(StrictBody):
    """Where to go back, and how far: the last good revision unless a number is given.

    `emergency` is for environments that ask for approvals: it goes ahead without them.
    """

    service = serializers.CharField(max_length=63)
    environment = serializers.CharField(max_length=63)
    to_revision = serializers.IntegerField(required=False, allow_null=True, default=None, min_value=1)
    emergency = serializers.BooleanField(required=False, default=False)
    reason = note_field()
    supersede = serializers.BooleanField(required=False, default=False)


class ReasonIn(StrictBody):
    """Why."""

    reason = note_field()


class OverrideIn(StrictBody):
    """Why it must not wait for the end of the freeze window."""

    reason = serializers.CharField(max_length=LONGEST_NOTE)


class PromotionIn(StrictBody):
    """What runs in environment `from` is released to environment `to`: of one `service` (202 with its release), or of
    several `services` or a whole `system` (202 with a promotion that goes on in waves)."""

    service = serializers.CharField(required=False, max_length=63)
    services = serializers.ListField(
        child=serializers.CharField(max_length=63), required=False, allow_empty=False, max_length=200
    )
    system = serializers.CharField(required=False, max_length=63)
    to = serializers.CharField(max_length=63)
    reason = note_field()
    supersede = serializers.BooleanField(
        required=False, default=False, help_text="of one service: take over from the release that is under way"
    )
    wait = wait_field()
    override = override_field()
    max_parallel = serializers.IntegerField(
        required=False, default=5, min_value=1, max_value=20, help_text="of several: how many releases run at a time"
    )

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python.
        return {**super().get_fields(), "from": serializers.CharField(max_length=63)}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in ("service", "services", "system")) != 1:
            words = _("Give one of these: service, services, system.")
            raise serializers.ValidationError({"service": [words]}, code="required")
        if attrs["supersede"] and "service" not in attrs:
            words = _("Only the promotion of one service takes over from a release that is under way.")
            raise serializers.ValidationError({"supersede": [words]}, code="one_service")
        return attrs


class ReleasePatch(StrictBody):
    """What to change of a release that waits to begin; what is not given stays."""

    image = serializers.CharField(required=False, trim_whitespace=False, max_length=4000)
    images = serializers.DictField(
        child=serializers.CharField(trim_whitespace=False, max_length=4000), required=False, allow_empty=False
    )
    version = serializers.CharField(required=False, allow_blank=True, max_length=200)
    strategy = StrategyField(required=False)
    config = serializers.DictField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "image" in attrs and "images" in attrs:
            raise serializers.ValidationError({"image": [_("Give either image or images.")]}, code="required")
        return attrs

    def validate_strategy(self, value: Any) -> Any:
        if not isinstance(value, str | dict):
            raise serializers.ValidationError(_("A strategy is a name or an object."), code="type")
        return value


class PromoteIn(StrictBody):
    """How far: past the pause that it is in, or past all of them. `step` is the index of the step that was seen."""

    full = serializers.BooleanField(required=False, default=False)
    step = step_field()


class NoteOut(serializers.Serializer[Any]):
    """A warning or a refusal."""

    code = serializers.CharField()
    detail = serializers.CharField()


class PodsOut(serializers.Serializer[Any]):
    """Pods by version."""

    stable = serializers.IntegerField()
    canary = serializers.IntegerField()


class PlannedStepOut(serializers.Serializer[Any]):
    """One step as the plan sees it."""

    kind = serializers.CharField()
    weight = serializers.IntegerField()
    reachable_weight = serializers.IntegerField(allow_null=True, help_text="null: no number of pods gives this share")
    pods = PodsOut()
    spec = serializers.DictField(required=False, help_text="the step as the strategy has it")


class OwnerOut(serializers.Serializer[Any]):
    """Who else writes a field of the workload."""

    field = serializers.CharField()
    manager = serializers.CharField()
    what_it_will_do = serializers.CharField()


class DryRunOut(serializers.Serializer[Any]):
    """What the API server said to the same writes without carrying them out."""

    status = serializers.CharField(help_text="passed, refused or unknown")
    checks = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))


class DifferenceOut(serializers.Serializer[Any]):
    """One field that is not as it was released."""

    declared = serializers.CharField(allow_blank=True)
    observed = serializers.CharField(allow_blank=True)

    def get_fields(self) -> dict[str, Any]:
        # The base class has a method of that name.
        return {"field": serializers.CharField(), **super().get_fields()}


class TargetDriftOut(serializers.Serializer[Any]):
    """One target: `status` is in_sync, drifted, releasing, missing or unknown."""

    environment = serializers.CharField()
    cluster = serializers.CharField()
    namespace = serializers.CharField()
    workload = serializers.CharField()
    status = serializers.CharField()
    revision = serializers.IntegerField(allow_null=True)
    differences = DifferenceOut(many=True)
    as_of = serializers.DateTimeField(allow_null=True)


class OrphanOut(serializers.Serializer[Any]):
    """An object that carries the claim of a release that runs no more; `is_held`: it holds a workload in place."""

    environment = serializers.CharField()
    kind = serializers.CharField()
    name = serializers.CharField()
    release = serializers.CharField()
    is_held = serializers.BooleanField()


class DriftOut(serializers.Serializer[Any]):
    """Declared against observed."""

    targets = TargetDriftOut(many=True)
    orphans = OrphanOut(many=True)


class OrphansIn(StrictBody):
    """What to do with what releases left in an environment."""

    environment = serializers.CharField(max_length=63)
    action = serializers.ChoiceField(choices=["continue", "clean"])


class SettledOut(serializers.Serializer[Any]):
    """An object that was given back."""

    kind = serializers.CharField()
    name = serializers.CharField()
    release = serializers.CharField()


class OrphansOut(serializers.Serializer[Any]):
    """What was given back; what the cluster refused stands in `drift` still."""

    settled = SettledOut(many=True)


class PlanOut(serializers.Serializer[Any]):
    """What a release would do. Whatever is in `refusals` makes the POST 409 or 422."""

    template_diff = serializers.CharField()
    steps = PlannedStepOut(many=True)
    gates = serializers.ListField(child=serializers.DictField())
    extra_pods = serializers.IntegerField()
    owners = OwnerOut(many=True)
    warnings = NoteOut(many=True)
    refusals = NoteOut(many=True)
    dry_run = DryRunOut()


class ReleaseStepOut(serializers.Serializer[Any]):
    """One step of a strategy: a canary's own steps, then `promote`; of a blue-green release preview, pre_promotion,
    approval, switch, post_promotion, scale_down, as far as it has them; of a rolling one `rolling`."""

    index = serializers.IntegerField()
    kind = serializers.CharField()
    status = serializers.CharField(
        help_text="pending, running, paused, waiting, succeeded, failed, aborted, superseded or skipped"
    )
    weight = serializers.IntegerField(help_text="the new version's share during this step, in percent")
    spec = serializers.DictField(help_text="the step as the strategy has it")
    started_at = serializers.DateTimeField(allow_null=True, help_text="of the step that is under way")
    ends_at = serializers.DateTimeField(allow_null=True, help_text="when a timed pause that is under way ends")


class WeightOut(serializers.Serializer[Any]):
    """The new version's share in percent: asked for, and reached."""

    desired = serializers.IntegerField()
    actual = serializers.IntegerField()


class SideOut(serializers.Serializer[Any]):
    """The pods of the old (stable) or the new (canary) version."""

    ready = serializers.IntegerField()
    desired = serializers.IntegerField()
    images = serializers.DictField(child=serializers.CharField())
    revision = serializers.IntegerField(allow_null=True)


class GateOut(serializers.Serializer[Any]):
    """What holds a release: an approval (`gate` names the place), a freeze window (`name`, `until`), or a promotion
    gate (`from`; `until` where it opens by itself)."""

    kind = serializers.CharField(help_text="approval, freeze_window or promotion")
    status = serializers.CharField(help_text="pending or closed")
    gate = serializers.CharField(required=False)
    name = serializers.CharField(required=False)
    until = serializers.DateTimeField(required=False)
    since = serializers.DateTimeField()

    def get_fields(self) -> dict[str, Any]:
        # `from` is a word of Python.
        return {**super().get_fields(), "from": serializers.CharField(required=False)}


class LinksOut(serializers.Serializer[Any]):
    """Where to go on."""

    self = serializers.URLField()
    wait = serializers.URLField()
    events = serializers.URLField()
    ui = serializers.URLField()


class ReleaseOut(serializers.Serializer[Release]):
    """One release."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    service = serializers.CharField()
    environment = serializers.CharField()
    cluster = serializers.CharField()
    namespace = serializers.CharField()
    workload = serializers.CharField()
    strategy = serializers.DictField()
    status = serializers.ChoiceField(choices=Status.choices)
    phase = serializers.ChoiceField(choices=Phase.choices)
    reason = serializers.CharField(allow_blank=True)
    message = serializers.CharField(allow_blank=True)
    evidence = serializers.DictField(child=serializers.CharField(), allow_null=True)
    version = serializers.CharField()
    from_revision = serializers.IntegerField(allow_null=True)
    to_revision = serializers.IntegerField(allow_null=True)
    images = serializers.DictField(child=serializers.CharField())
    step_index = serializers.IntegerField()
    steps = ReleaseStepOut(many=True)
    weight = WeightOut()
    stable = SideOut()
    canary = SideOut()
    gates = GateOut(many=True)
    analysis = AnalysisOut(many=True, allow_null=True, help_text="null in lists")
    retry_of = serializers.UUIDField(allow_null=True)
    promoted_from = serializers.UUIDField(
        allow_null=True, help_text="the release that brought the images to where they come from"
    )
    promotion = serializers.UUIDField(allow_null=True, help_text="the promotion of several services that started it")
    supersedes = serializers.UUIDField(allow_null=True)
    note = serializers.CharField(allow_blank=True)
    commit = serializers.CharField(allow_blank=True)
    source_url = serializers.CharField(allow_blank=True)
    created_by = serializers.CharField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)
    links = LinksOut()

    def to_representation(self, instance: Release) -> Any:
        request = self.context.get("request")
        alone = not isinstance(self.parent, serializers.ListSerializer)
        return release_facts(instance, request.build_absolute_uri("/")[:-1] if request else "", alone=alone)


class EventOut(serializers.Serializer[ReleaseEvent]):
    """One line of a timeline."""

    seq = serializers.IntegerField()
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    actor = serializers.CharField()
    message = serializers.CharField()
    data = serializers.DictField()  # type: ignore[assignment]

    def to_representation(self, instance: ReleaseEvent) -> Any:
        return event_facts(instance)


class RevisionOut(serializers.Serializer[Revision]):
    """What ran after a finished release."""

    number = serializers.IntegerField()
    version = serializers.CharField()
    images = serializers.DictField(child=serializers.CharField())
    template = serializers.DictField()
    release = serializers.UUIDField(allow_null=True)
    finished_at = serializers.DateTimeField()

    def to_representation(self, instance: Revision) -> Any:
        return revision_facts(instance)
