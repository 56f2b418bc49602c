"""The promotion gate of an environment: what it says of a release that is planned, and of one that has not begun."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.permissions import require_reach, who_can_grant
from deployments.engine.json import Json
from deployments.engine.seen import Unproven
from deployments.freeze import may_override, override_role_of
from deployments.models import Release
from deployments.promotion.images import brought_anew
from deployments.promotion.proof import proven_by_name_only, unproven
from deployments.promotion.ran import Ran, ran_on
from deployments.queries.running import running_on
from deployments.revisions import images_of
from deployments.sentences import sentence
from deployments.warnings import Note
from services.models import Target
from web.errors import Invalid, NotPermitted

if TYPE_CHECKING:
    from accounts.models import User
    from deployments.plan import Wish


@dataclass(frozen=True)
class PlannedGate:
    """What a plan says of the gate. `override` is what the release remembers where somebody passes it: {promotion, by,
    role, reason}."""

    gates: list[Json] = field(default_factory=list)
    refusals: list[Note] = field(default_factory=list)
    warnings: list[Note] = field(default_factory=list)
    override: Json | None = None


def unproven_of(release: Release, now: datetime) -> Unproven | None:
    """What keeps a release that has not begun from its environment. A rollback is always free."""
    gate = release.target.environment.promotion
    if not gate or release.rollback_to_id is not None or release.emergency:
        return None
    wanted = brought_anew(release.images, images_of(release.template_from))
    return unproven(gate, wanted, _ran(release.target, gate), now, _names(release.target)) if wanted else None


def plan_gate(
    target: Target, wish: Wish, images: Mapping[str, str], live: Json, by: User, now: datetime
) -> PlannedGate:
    """Ask the gate before a release is made. `images` are the release's, `live` the pod template that runs now.

    A soak time that is not over refuses the release, unless it is to wait for it; anything else that is missing has to
    happen in the lower environment first. Raises NotPermitted for who may not override, Invalid for doing so without a
    reason.
    """
    gate = target.environment.promotion
    wanted = brought_anew(images, images_of(live)) if gate else []
    if not gate or not wanted or wish.template is not None or wish.emergency:
        return PlannedGate()
    ran = _ran(target, gate)
    held = unproven(gate, wanted, ran, now, _names(target))
    if held is None:
        return PlannedGate(warnings=_by_name(gate, wanted, ran))
    words = sentence(held.code, held.params)
    role = override_role_of(target.environment, now)
    facts = {
        "from": held.origin,
        "environment": target.environment.name,
        "reason": held.code,
        "override_role": role,
        **({"until": held.until.isoformat()} if held.until else {}),
    }
    listed: list[Json] = [{"kind": "promotion", **facts}]
    if wish.override:
        kept = {"promotion": held.origin, "by": by.username, "role": require_pass(by, target, now)}
        note = Note("promotion_overridden", _("%(why)s. This is overridden.") % {"why": words})
        return PlannedGate(listed, [], [note], {**kept, "reason": wish.override})
    if wish.wait and held.until:
        note = Note("promotion_waits", _("%(why)s. The release waits for that, then begins.") % {"why": words})
        return PlannedGate(listed, [], [note])
    detail = _("%(why)s. The role %(role)s may override it.") % {"why": words, "role": role}
    return PlannedGate(listed, [Note("promotion", detail, blocks=True, facts=facts)])


def require_pass(by: User, target: Target, now: datetime) -> str:
    """Let pass who may lead a release past the gate: who may override a freeze window there. Answers the role by which.
    Raises NotPermitted."""
    require_reach(by, "release.override", target.team, target.environment.name, service=target.service.name)
    role = override_role_of(target.environment, now)
    if may_override(by, target, role):
        return role
    raise NotPermitted(
        _("The promotion gate of %(environment)s may be overridden by the role %(role)s in team %(team)s, or an admin.")
        % {"environment": target.environment.name, "role": role, "team": target.team.name},
        permission="release.override",
        granted_by=who_can_grant(by, target.team, target.environment.name),
        next=_("Release it to %(origin)s first, or ask one of them to.")
        % {"origin": (target.environment.promotion or {}).get("from", "")},
        override_role=role,
    )


def require_reason(reason: str) -> str:
    """The reason without blanks around it. Raises Invalid where there is none."""
    if not reason.strip():
        raise Invalid.at("/override", "required", _("Say why it must not wait for the promotion gate."))
    return reason.strip()


def _ran(target: Target, gate: Json) -> Ran | None:
    """The history of the service in the environment that the gate leads to; None where it has no target there."""
    lower = Target.objects.filter(service=target.service_id, environment__name=gate["from"]).first()
    if lower is None:
        return None
    ran = ran_on([lower.pk])[lower.pk]
    return ran if gate.get("require_success", True) else ran.with_seen(running_on([lower])[0].images)


def _by_name(gate: Json, wanted: list[str], ran: Ran | None) -> list[Note]:
    words = _(
        "%(image)s is known in %(origin)s by its tag only: it may have come to mean another image since it ran there."
    )
    return [
        Note("promotion_by_tag", words % {"image": image, "origin": gate["from"]})
        for image in proven_by_name_only(gate, wanted, ran)
    ]


def _names(target: Target) -> Json:
    return {"service": target.service.name, "environment": target.environment.name}
