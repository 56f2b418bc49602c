"""Taking services into the catalog from a cluster or a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.transaction import atomic

from accounts.commands.teams import create_team
from accounts.models import Team
from accounts.permissions import require, team_ids_with
from audit.record import audit
from clusters.grants import require_namespace
from clusters.models import Cluster, Grant
from services.commands.create_service import create_service
from services.commands.create_target import require_known_uid, save_target
from services.commands.edit_service import edit_service
from services.importing.backstage import found_in_yaml
from services.importing.labels import found_in_labels
from services.importing.plan import Clash, ImportPlan, PlannedService, PlannedTarget
from services.importing.planning import plan_import
from services.importing.reading import workloads_of
from services.models import Service, Target
from web.errors import SlipwayError

if TYPE_CHECKING:
    from accounts.models import User


def import_live(by: User, cluster: Cluster, namespace: str = "", *, dry_run: bool = False) -> ImportPlan:
    """Take services into the catalog from the labels of a cluster's Deployments. Nothing is written to the cluster.

    Without a namespace: all that the importer's teams have grants for; for an admin all but Kubernetes' own. An admin's
    import makes the teams that the labels name, and grants them the namespaces.
    Raises NotPermitted, ClusterUnreachable, ApiRefused.
    """
    teams = _importing_teams(by)
    require_known_uid(cluster)
    namespaces = _namespaces(by, teams, cluster, namespace)
    plan = plan_import(by, found_in_labels(workloads_of(cluster, namespaces)), cluster)
    return plan if dry_run else _carried_out(by, plan, source=f"cluster {cluster.name}")


def import_yaml(by: User, text: str, *, dry_run: bool = False) -> ImportPlan:
    """Take services into the catalog from the text of a catalog-info.yaml.

    Raises NotPermitted, CatalogUnreadable.
    """
    _importing_teams(by)
    plan = plan_import(by, found_in_yaml(text), None)
    return plan if dry_run else _carried_out(by, plan, source="catalog-info.yaml")


def _importing_teams(by: User) -> list[Team]:
    """The teams the importer may import for. Raises NotPermitted when there are none and they are no admin."""
    teams = list(Team.objects.filter(pk__in=team_ids_with(by, "service.import")))
    require(by, "service.import", teams[0] if teams else Team.objects.filter(memberships__user=by).first())
    return teams


def _namespaces(by: User, teams: list[Team], cluster: Cluster, namespace: str) -> list[str] | None:
    """The namespaces to read, None for all. Raises NotPermitted for one that no importing team has a grant for."""
    if by.is_admin:
        return [namespace] if namespace else None
    grants = list(Grant.objects.filter(team__in=teams, cluster=cluster))
    if namespace:
        if not any(grant.covers(namespace) for grant in grants):
            require_namespace(by, teams[0], cluster, namespace)
        return [namespace]
    if any(grant.covers("*") for grant in grants):
        return None
    return sorted({name for grant in grants for name in grant.namespaces})


def _carried_out(by: User, plan: ImportPlan, *, source: str) -> ImportPlan:
    """The plan after doing it: where another request was faster, or a right is missing, there is a conflict now."""
    done = ImportPlan(
        unchanged=plan.unchanged, conflict=list(plan.conflict), invalid=plan.invalid, skipped=plan.skipped
    )
    for rows, finished in ((plan.create, done.create), (plan.update, done.update)):
        for row in rows:
            clashes = _carry_out(by, row, source=source)
            done.conflict += clashes
            if row.name not in {clash.service for clash in clashes if clash.pointer == ""}:
                finished.append(row)
    return done


def _carry_out(by: User, row: PlannedService, *, source: str) -> list[Clash]:
    """What went wrong: with an empty pointer nothing of the row was done, else only that target is missing."""
    try:
        service = _saved_service(by, row)
    except SlipwayError as error:
        return [Clash(row.index, row.name, "", error.code, error.detail, error.next)]
    clashes = []
    for planned in row.targets:
        try:
            _save_target(by, service, planned, source=source)
        except SlipwayError as error:
            clashes.append(Clash(row.index, row.name, "/metadata/name", error.code, error.detail, error.next))
    with atomic():
        audit(by, "service.import", service, after=row.described(), team=service.team.name, source=source)
    return clashes


def _saved_service(by: User, row: PlannedService) -> Service:
    fields = {field: then for field, (_now, then) in row.changes.items() if field != "team"}
    team = row.owner or _made_team(by, row.team)
    if row.service is None:
        return create_service(by, team, row.name, **fields)
    if row.changes:
        return edit_service(by, row.service, team=team, **fields)
    return row.service


def _made_team(by: User, name: str) -> Team:
    """An owner whom the source names and the portal does not know yet; only an admin's plan holds such a row."""
    return Team.objects.filter(name=name).first() or create_team(by, name)


def _save_target(by: User, service: Service, planned: PlannedTarget, *, source: str) -> None:
    target = Target(
        service=service,
        environment=planned.environment,
        cluster=planned.cluster,
        namespace=planned.namespace,
        workload=planned.workload,
        container=planned.container,
    )
    target.workload_key = Target.key_of(planned.cluster.uid, target.namespace, target.kind, target.workload)
    save_target(by, target, source=source)
