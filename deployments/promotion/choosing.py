"""What a bulk promotion would do, before anything is done: by rows of our own, no cluster asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from deployments.engine.json import Json
from deployments.freeze import may_override, override_role_of
from deployments.promotion.matrix import Known, hop_between
from deployments.promotion.waves import circles, needed_by, waves
from services.models import Environment, Service, Target
from web.errors import Invalid

if TYPE_CHECKING:
    from accounts.models import User

MOST_SERVICES = 200


@dataclass(frozen=True)
class Candidate:
    """One service: it is released (`why` is ""), or level, or refused. `version` runs in the one environment, `runs`
    in the other; `gate` and `until` as in Hop; `warning` is what to know all the same."""

    service: Service
    state: str
    image: str = ""
    version: str = ""
    runs: str = ""
    label: str = ""
    wave: int = 0
    why: str = ""
    gate: str = ""
    until: datetime | None = None
    warning: str = ""
    target: Target | None = None

    @property
    def is_released(self) -> bool:
        return self.state == "release"


@dataclass(frozen=True)
class BulkPlan:
    """All services that were chosen, in the order in which they would be released."""

    origin: Environment
    to: Environment
    candidates: list[Candidate]
    circle: list[str]

    @property
    def released(self) -> list[Candidate]:
        return [one for one in self.candidates if one.state == "release"]

    @property
    def level(self) -> list[Candidate]:
        return [one for one in self.candidates if one.state == "level"]

    @property
    def refused(self) -> list[Candidate]:
        return [one for one in self.candidates if one.state == "refused"]

    @property
    def waves(self) -> list[list[Candidate]]:
        """The released ones by wave, without gaps."""
        numbers = sorted({one.wave for one in self.released})
        return [[one for one in self.released if one.wave == number] for number in numbers]

    def to_json(self) -> Json:
        """The dry-run answer of the API."""
        return {
            "from": self.origin.name,
            "to": self.to.name,
            "releases": [
                {
                    "service": one.service.name,
                    "id": None,
                    "wave": number,
                    "version": one.version,
                    "image": one.image,
                    "replaces": one.runs,
                    "warning": one.warning,
                }
                for number, wave in enumerate(self.waves, start=1)
                for one in wave
            ],
            "skipped": [
                {
                    "service": one.service.name,
                    "state": one.state,
                    "why": one.why,
                    **({"gate": one.gate} if one.gate else {}),
                    **({"until": one.until.isoformat()} if one.until else {}),
                }
                for one in self.candidates
                if not one.is_released
            ],
        }


def require_different(origin: Environment, to: Environment) -> None:
    """Raises Invalid where both are one environment."""
    if origin.pk == to.pk:
        raise Invalid.at("/to", "same_environment", _("Name two environments: this is one and the same."))


def bulk_plan(
    by: User,
    services: Sequence[Service],
    origin: Environment,
    to: Environment,
    *,
    wait: bool = False,
    override: str = "",
) -> BulkPlan:
    """What would be released in which order, what is level, and what is refused and why.

    A service whose dependency among the chosen ones is refused is refused too: it would meet a version that it was not
    tried with. Raises Invalid for more services than can be looked at in one go.
    """
    require_different(origin, to)
    if len(services) > MOST_SERVICES:
        words = _(
            "These are %(count)d services; at most %(most)d can be promoted in one go. Choose a system or a team."
        )
        raise Invalid.at("/services", "too_many", words % {"count": len(services), "most": MOST_SERVICES})
    known = Known(by, services, _places(origin, to))
    needs = {service.name: [str(one) for one in service.depends_on] for service in services}
    order = waves(needs)
    found = [_candidate(known, service, origin, to, wait=wait, override=override) for service in services]
    refused = {one.service.name for one in found if one.state == "refused"}
    found = [_after_its_dependencies(one, needs, refused) for one in found]
    found = [replace(one, wave=order[one.service.name]) for one in found]
    found.sort(key=lambda one: (one.wave, one.service.name))
    return BulkPlan(origin, to, found, circles(needs))


def _places(origin: Environment, to: Environment) -> list[Environment]:
    """The two, and the one that the gate of the second leads to."""
    places = [origin, to]
    gate = (to.promotion or {}).get("from")
    if gate and gate not in (origin.name, to.name):
        places += Environment.objects.filter(name=gate)
    return places


def _candidate(
    known: Known, service: Service, origin: Environment, to: Environment, *, wait: bool, override: str
) -> Candidate:
    here, there = known.cell(service, origin), known.cell(service, to)
    facts: dict[str, Any] = {"image": here.image, "version": here.version, "runs": there.version}
    if here.target is None or there.target is None:
        missing = origin if here.target is None else to
        words = _("%(service)s has no target in %(environment)s.")
        why = words % {"service": service.name, "environment": missing.name}
        return Candidate(service, "refused", **facts, why=why, gate="no_target")
    facts["target"] = there.target
    hop = hop_between(known, here, there)
    if hop.state == "level":
        return Candidate(service, "level", **facts, why=hop.why_not)
    facts |= {"label": hop.label, "gate": hop.gate, "until": hop.until}
    if not hop.why_not:
        return Candidate(service, "release", **facts)
    if hop.gate == "promotion" and override and _may_override(known, there.target):
        return Candidate(service, "release", **facts, warning=_("%(why)s. This is overridden.") % {"why": hop.why_not})
    if hop.gate == "promotion" and wait and hop.until:
        return Candidate(service, "release", **facts, warning=_("%(why)s. It waits for that.") % {"why": hop.why_not})
    return Candidate(service, "refused", **facts, why=hop.why_not)


def _may_override(known: Known, target: Target) -> bool:
    return may_override(known.user, target, override_role_of(target.environment, known.now))


def _after_its_dependencies(one: Candidate, needs: dict[str, list[str]], refused: set[str]) -> Candidate:
    behind = sorted((needed_by(needs, needs[one.service.name]) & refused) - {one.service.name})
    if not behind or not one.is_released:
        return one
    why = _("It depends on %(names)s, which is not promoted.") % {"names": ", ".join(behind)}
    return replace(one, state="refused", why=why, gate="dependency", until=None)
