"""Which version of a service runs in which environment, and what may go from one to the next.

By rows of our own, no cluster asked: what the watcher saw, what releases left, and the gates in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.permissions import why_not
from clusters.models import Grant
from deployments.default_strategy import default_of
from deployments.engine.read_strategy import StrategyInvalid
from deployments.engine.windows import window_at
from deployments.freeze import until_words
from deployments.promotion.ahead import images_seen, with_images
from deployments.promotion.images import same_image, short_digest
from deployments.promotion.proof import unproven
from deployments.promotion.ran import Attempt, Ran, Run, ran_on
from deployments.sentences import sentence
from deployments.strategy_choices import first_of
from services.images import version_of
from services.models import Environment, Service, Target
from services.queries.rows import image_seen

if TYPE_CHECKING:
    from accounts.models import User

UNREAD = ("version", "created_at", "workload_key")


@dataclass(frozen=True)
class Hop:
    """From one environment to the next in which the service runs.

    `state` is level (the same image), ahead, behind (the next one has moved on from it), unlike (neither knows the
    other's) or unknown (not seen). `releases` is by how many releases it is ahead, None where that cannot be told.
    `label` says what promoting would do; `why_not` why it can't be done now ("" where it can), `gate` the kind of gate
    that keeps it, `until` when that opens by itself.
    """

    to: Environment
    state: str
    releases: int | None = None
    label: str = ""
    why_not: str = ""
    gate: str = ""
    until: datetime | None = None

    @property
    def words(self) -> str:
        """How it stands to the next one, in two or three words."""
        if self.state == "ahead" and self.releases:
            count = {"n": self.releases}
            return ngettext("%(n)d release ahead", "%(n)d releases ahead", self.releases) % count
        return {
            "level": _("level"),
            "ahead": _("ahead"),
            "behind": _("behind"),
            "unlike": _("another version"),
            "unknown": _("not seen"),
        }[self.state]


@dataclass(frozen=True)
class Cell:
    """A service in an environment. Without a target it does not run there; `image` is "" while it was not seen."""

    environment: Environment
    target: Target | None = None
    image: str = ""
    version: str = ""
    since: datetime | None = None
    last: Attempt | None = None
    hop: Hop | None = None
    ran: Ran = field(default_factory=Ran)

    @property
    def digest(self) -> str:
        return short_digest(self.image)

    @property
    def active(self) -> Attempt | None:
        """The release that is under way there."""
        return self.last if self.last and self.last.at is None else None


@dataclass(frozen=True)
class MatrixRow:
    """One service with a cell for each environment, in their order."""

    service: Service
    cells: list[Cell]

    def cell(self, environment: Environment) -> Cell:
        return next(cell for cell in self.cells if cell.environment.pk == environment.pk)


def matrix(user: User, services: Sequence[Service], environments: Sequence[Environment]) -> list[MatrixRow]:
    """A row for each service, in the same order, with each hop to the next environment in which it runs.

    Three queries for any number of services, and one for grants where the user is no admin.
    """
    known = Known(user, services, environments)
    return [MatrixRow(service, _linked(known, service, environments)) for service in services]


def hop_between(known: Known, origin: Cell, to: Cell) -> Hop:
    """What it would mean to bring what runs in the one cell to the other."""
    state, releases = _standing(origin, to)
    label = _label(origin, to)
    if state == "level":
        return Hop(to.environment, state, releases, label, _("The same image runs in both."))
    why, gate, until = _kept_by(known, origin, to)
    return Hop(to.environment, state, releases, label, why, gate, until)


class Known:
    """What is known of the services in these environments, read at once."""

    def __init__(self, user: User, services: Sequence[Service], environments: Sequence[Environment]) -> None:
        self.user = user
        self.now = timezone.now()
        places = {one.pk: one for one in environments}
        owners = {one.pk: one for one in services}
        rows = with_images(Target.objects.filter(service__in=list(owners), environment__in=list(places)))
        self.targets = [
            _with(row, owners[row.service_id], places[row.environment_id]) for row in rows.order_by().defer(*UNREAD)
        ]
        self.ran = ran_on(target.pk for target in self.targets)
        self.grants = _grants(user, services)
        self._cells = {
            (target.service_id, target.environment_id): _cell(target, self.ran[target.pk]) for target in self.targets
        }

    def cell(self, service: Service, environment: Environment) -> Cell:
        return self._cells.get((service.pk, environment.pk)) or Cell(environment)

    def by_name(self, service: Service, environment: str) -> Cell | None:
        """The cell of the environment of that name; None where the service does not run there."""
        found = (cell for (pk, _env), cell in self._cells.items() if pk == service.pk)
        return next((cell for cell in found if cell.environment.name == environment), None)


def _with(target: Target, service: Service, environment: Environment) -> Target:
    target.service, target.environment = service, environment
    return target


def _grants(user: User, services: Iterable[Service]) -> Mapping[tuple[UUID, UUID], Grant] | None:
    """By team and cluster; None for an admin, who needs none."""
    if user.is_admin:
        return None
    held = Grant.objects.filter(team__in={service.team_id for service in services})
    return {(grant.team_id, grant.cluster_id): grant for grant in held}


def _cell(target: Target, ran: Ran) -> Cell:
    images = images_seen(target)
    image = image_seen({"images": images}, target.container)
    run = _run_with(image, ran.runs[:1]) if image else None
    label = run.label if run else ""
    return Cell(
        environment=target.environment,
        target=target,
        image=image,
        version=label or (version_of(image) if image else ""),
        since=run.since if run else None,
        last=ran.attempts[0] if ran.attempts else None,
        ran=ran.with_seen(images),
    )


def _linked(known: Known, service: Service, environments: Sequence[Environment]) -> list[Cell]:
    cells = [known.cell(service, environment) for environment in environments]
    linked: list[Cell] = []
    following: Cell | None = None
    for cell in reversed(cells):
        if cell.target is not None:
            hop = hop_between(known, cell, following) if following else None
            linked.append(replace(cell, hop=hop))
            following = cell
        else:
            linked.append(cell)
    return linked[::-1]


def _standing(origin: Cell, to: Cell) -> tuple[str, int | None]:
    if not origin.image or not to.image:
        return "unknown", None
    if same_image(origin.image, to.image):
        return "level", 0
    runs = origin.ran.runs
    place = next((index for index, run in enumerate(runs) if _run_with(to.image, [run])), None)
    if place is not None:
        # What runs now may be of another hand, which is no release of ours to count from.
        is_newest = bool(_run_with(origin.image, runs[:1]))
        return "ahead", place if is_newest and place else None
    return ("behind" if _run_with(origin.image, to.ran.runs) else "unlike"), None


def _run_with(image: str, runs: Sequence[Run]) -> Run | None:
    return next((run for run in runs if any(same_image(image, one) for one in run.images.values())), None)


def _label(origin: Cell, to: Cell) -> str:
    """ "Promote 1.4.2 to staging, 10 % first"."""
    said = {"version": origin.version or "-", "environment": to.environment.name}
    label = _("Promote %(version)s to %(environment)s") % said
    try:
        first = first_of(default_of(to.target, ""), None) if to.target else ""
    except StrategyInvalid:
        first = ""
    return f"{label}, {first}" if first else label


def _kept_by(known: Known, origin: Cell, to: Cell) -> tuple[str, str, datetime | None]:
    """Why it can't be promoted now, by which kind of gate, and until when: three empty values where it can."""
    target = to.target
    if target is None or origin.target is None:
        return _("It does not run there."), "no_target", None
    names = {"environment": origin.environment.name}
    if not origin.image:
        return _("What runs in %(environment)s was not seen.") % names, "not_seen", None
    for cell in (origin, to):
        if active := cell.active:
            words = _("Release #%(number)d in %(environment)s is under way.")
            return words % {"number": active.number, "environment": cell.environment.name}, "release", None
    service, place = target.service, to.environment.name
    if refused := why_not(known.user, "release.start", service.team, place, service=service.name):
        return refused, "permission", None
    if not _is_granted(known, target):
        words = _("Team %(team)s has no grant for namespace %(namespace)s.")
        return words % {"team": target.service.team.name, "namespace": target.namespace}, "grant", None
    return _gated(known, origin, to)


def _gated(known: Known, origin: Cell, to: Cell) -> tuple[str, str, datetime | None]:
    environment = to.environment
    if held := window_at(environment.freeze_windows, known.now):
        words = _("The freeze window “%(name)s” of %(environment)s holds until %(until)s.")
        said = {"name": held.name, "environment": environment.name, "until": until_words(held.until)}
        return words % said, "freeze_window", held.until
    rule = environment.promotion
    if rule and to.target:
        lower = known.by_name(to.target.service, rule["from"])
        names = {"service": to.target.service.name, "environment": environment.name}
        closed = unproven(rule, [origin.image], lower.ran if lower else None, known.now, names)
        if closed:
            return sentence(closed.code, closed.params), "promotion", closed.until
    return "", "", None


def _is_granted(known: Known, target: Target) -> bool:
    if known.grants is None:
        return True
    held = known.grants.get((target.service.team_id, target.cluster_id))
    return held is not None and held.covers(target.namespace)
