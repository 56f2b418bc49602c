"""Makes the plan of an import. Reads rows, writes none, asks no cluster."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from accounts.models import Team
from accounts.permissions import may
from clusters.models import Cluster
from services.facts import service_facts
from services.importing.entries import Entry, Found
from services.importing.placing import Placing
from services.importing.plan import Clash, ImportPlan, PlannedService
from services.models import Service
from services.rules.findings import why_not_a_name
from services.workload import TEAM_LABEL

if TYPE_CHECKING:
    from accounts.models import User


def plan_import(by: User, found: Found, cluster: Cluster | None) -> ImportPlan:
    """What importing `found` would do; `cluster` is where its workloads are, None for a file."""
    judge = _Judge(by, found, cluster)
    plan = ImportPlan(invalid=list(found.invalid), skipped=list(found.skipped))
    for entry in found.entries:
        service = judge.services.get(entry.name)
        row = judge.owned_row(entry, service)
        if isinstance(row, Clash):
            plan.conflict.append(row)
            continue
        if judge.placing is not None:
            targets, clashes = judge.placing.targets_of(entry, row)
            row = replace(row, targets=targets)
            plan.conflict += clashes
        wanted = {**entry.fields, "team": row.team}
        row = replace(row, changes=_changes(service_facts(service) if service else {}, wanted))
        if service is None:
            plan.create.append(row)
        elif row.changes or row.targets:
            plan.update.append(row)
        else:
            plan.unchanged.append(row)
    return plan


class _Judge:
    """Holds what was read once, so that a plan costs the same few queries at any size."""

    def __init__(self, by: User, found: Found, cluster: Cluster | None) -> None:
        names = [entry.name for entry in found.entries]
        self.by = by
        self.is_live = cluster is not None
        self.services = {row.name: row for row in Service.objects.filter(name__in=names).select_related("team")}
        self.visible = set(Service.objects.visible_to(by).filter(name__in=names).values_list("name", flat=True))
        self.teams = {team.name: team for team in Team.objects.filter(name__in={entry.team for entry in found.entries})}
        self.placing = Placing(by, cluster, found.entries) if cluster is not None else None

    def owned_row(self, entry: Entry, service: Service | None) -> PlannedService | Clash:
        """The row with its team settled, or why the entry has no owner who lets it in."""
        if service is not None and service.name not in self.visible:
            detail = _("The name “%(name)s” is taken by a service that you may not see.") % {"name": entry.name}
            return Clash(entry.index, entry.name, "", "name_taken", detail, _("Choose another name."))
        name = entry.team or (service.team.name if service else "")
        if not name:
            detail = _("Nothing says which team owns “%(name)s”.") % {"name": entry.name}
            return Clash(entry.index, entry.name, "", "no_team", detail, self._how_to_name_a_team())
        if reason := why_not_a_name(name):
            return Clash(entry.index, entry.name, "", "team_name", reason, self._how_to_name_a_team())
        team = service.team if service and service.team.name == name else self.teams.get(name)
        row = PlannedService(entry.index, entry.name, name, service=service, owner=team, makes_team=team is None)
        if team is None and self.by.is_admin:
            return row
        if team is None or not may(self.by, "service.import", team):
            return _not_maintainer(entry, name)
        if service is not None and not may(self.by, "service.import", service.team):
            return _other_team(entry, service, name)
        return row

    def _how_to_name_a_team(self) -> str:
        if self.is_live:
            return _("Put the label %(label)s on the workload.") % {"label": TEAM_LABEL}
        return _("Name the team as the owner of the component.")


def _changes(now: dict[str, Any], then: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {field: (now.get(field), value) for field, value in then.items() if now.get(field) != value}


def _not_maintainer(entry: Entry, team: str) -> Clash:
    """The same answer for a team that does not exist and one that the importer does not belong to."""
    detail = _("“%(name)s” belongs to team %(team)s, of which you are no maintainer.") % {
        "name": entry.name,
        "team": team,
    }
    next_step = _("Ask a maintainer of that team, or an admin, to import it.")
    return Clash(entry.index, entry.name, "", "not_maintainer", detail, next_step)


def _other_team(entry: Entry, service: Service, team: str) -> Clash:
    detail = _("“%(name)s” is owned by team %(now)s in the catalog, by %(then)s in the source.") % {
        "name": entry.name,
        "now": service.team.name,
        "then": team,
    }
    return Clash(entry.index, entry.name, "", "other_team", detail, _("Have an admin hand the service over first."))
