"""What each role may do, and the one question every command asks first: `require`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.models import Role, Team, User
from web.errors import NotPermitted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from django.db.models import QuerySet

SCOPES = (
    "read",
    "deploy",
    "approve",
    "clusters:write",
    "services:write",
    "installs:write",
    "charts:write",
    "traffic:write",
    "admin",
)


@dataclass(frozen=True, slots=True)
class Permission:
    """The roles that hold it in a team (none: admins only), and the token scopes that reach it."""

    roles: frozenset[str]
    scopes: frozenset[str]


def _by(roles: Iterable[str], *scopes: str) -> Permission:
    return Permission(frozenset(roles), frozenset(scopes))


ANY = frozenset(Role.values)
MAKERS = (Role.DEVELOPER, Role.MAINTAINER)
JUDGES = (Role.APPROVER, Role.MAINTAINER)

PERMISSIONS: dict[str, Permission] = {
    "cluster.view": _by(ANY, "read"),
    "cluster.register": _by((), "clusters:write"),
    "cluster.edit": _by((), "clusters:write"),
    "cluster.remove": _by((), "clusters:write"),
    "cluster.rotate": _by((), "clusters:write"),
    "cluster.guard": _by((), "clusters:write"),
    "cluster.refresh": _by(MAKERS, "clusters:write", "deploy"),
    "environment.view": _by(ANY, "read"),
    "environment.create": _by((), "admin"),
    "environment.edit": _by((), "admin"),
    "environment.remove": _by((), "admin"),
    "user.create": _by((), "admin"),
    "user.edit": _by((), "admin"),
    # Of others; one's own sessions everybody ends.
    "session.end": _by((), "admin"),
    "team.create": _by((), "admin"),
    "team.edit": _by((Role.MAINTAINER,), "admin"),
    "team.add_member": _by((Role.MAINTAINER,), "admin"),
    "team.remove_member": _by((Role.MAINTAINER,), "admin"),
    "grant.create": _by((), "admin"),
    "grant.remove": _by((), "admin"),
    "service.view": _by(ANY, "read"),
    "service.create": _by(MAKERS, "services:write"),
    "service.edit": _by(MAKERS, "services:write"),
    "service.remove": _by((Role.MAINTAINER,), "services:write"),
    "service.import": _by((Role.MAINTAINER,), "services:write"),
    "target.create": _by(MAKERS, "services:write"),
    "target.edit": _by(MAKERS, "services:write"),
    "target.remove": _by((Role.MAINTAINER,), "services:write"),
    "release.view": _by(ANY, "read"),
    "release.start": _by(MAKERS, "deploy"),
    "release.edit": _by(MAKERS, "deploy"),
    "release.abort": _by(MAKERS, "deploy"),
    "release.retry": _by(MAKERS, "deploy"),
    "release.rollback": _by(MAKERS, "deploy"),
    "release.promote": _by(MAKERS, "deploy"),
    "release.pause": _by(MAKERS, "deploy"),
    "release.resume": _by(MAKERS, "deploy"),
    "orphan.clean": _by(MAKERS, "deploy"),
    "orphan.continue": _by(MAKERS, "deploy"),
    "release.approve": _by(JUDGES, "approve"),
    "release.reject": _by(JUDGES, "approve"),
    # Which role passes a freeze window is the window's own word: see deployments.freeze.
    "release.override": _by((Role.APPROVER, Role.DEVELOPER, Role.MAINTAINER), "deploy", "approve"),
    "analysis_template.view": _by(ANY, "read"),
    "analysis_template.create": _by((Role.MAINTAINER,), "services:write"),
    "analysis_template.edit": _by((Role.MAINTAINER,), "services:write"),
    "analysis_template.remove": _by((Role.MAINTAINER,), "services:write"),
    "chart.view": _by(ANY, "read"),
    "chart.upload": _by(MAKERS, "charts:write"),
    "chart_repository.create": _by((), "charts:write"),
    "chart_repository.edit": _by((), "charts:write"),
    "chart_repository.refresh": _by(MAKERS, "charts:write"),
    "chart_repository.remove": _by((), "charts:write"),
    "helm_release.view": _by(ANY, "read"),
    "helm_release.install": _by(MAKERS, "charts:write"),
    "helm_release.upgrade": _by(MAKERS, "charts:write"),
    "helm_release.rollback": _by(MAKERS, "charts:write"),
    "helm_release.uninstall": _by(MAKERS, "charts:write"),
    "helm_release.recover": _by(MAKERS, "charts:write"),
    "install.view": _by((), "read"),
    "install.create": _by((), "installs:write"),
    "install.edit": _by((), "installs:write"),
    "install.remove": _by((), "installs:write"),
    "install.preflight": _by((), "installs:write"),
    "install.acknowledge": _by((), "installs:write"),
    "install.fix": _by((), "installs:write"),
    "install.confirm_host_key": _by((), "installs:write"),
    "install.start": _by((), "installs:write"),
    "install.retry": _by((), "installs:write"),
    "install.cancel": _by((), "installs:write"),
    "install.reset": _by((), "installs:write"),
    "install.add_nodes": _by((), "installs:write"),
    "install.remove_node": _by((), "installs:write"),
    "install.upgrade": _by((), "installs:write"),
    "install.renew_certificates": _by((), "installs:write"),
    "channel.view": _by(ANY, "read"),
    "channel.create": _by((Role.MAINTAINER,), "admin"),
    "channel.edit": _by((Role.MAINTAINER,), "admin"),
    "channel.remove": _by((Role.MAINTAINER,), "admin"),
    "channel.test": _by((Role.MAINTAINER,), "admin"),
    "view.share": _by((Role.MAINTAINER,), "services:write"),
    "view.remove": _by((Role.MAINTAINER,), "services:write"),
    "audit.view": _by((Role.MAINTAINER,), "read"),
}


def require(by: User, permission: str, team: Team | None) -> None:
    """Let the caller pass or raise NotPermitted, which names the permission, the team and who can grant it.

    `team` is the owner of the thing at hand, None where only admins decide.
    """
    refusal = _refusal(by, permission, team)
    if refusal:
        raise refusal


def require_reach(by: User, permission: str) -> None:
    """The half of `require` that is about the caller alone: active, and with a token whose scopes reach the permission.

    For what is decided by other rules than the roles in one team. Raises NotPermitted.
    """
    refusal = _unreached(by, permission)
    if refusal:
        raise refusal


def may(by: User, permission: str, team: Team | None) -> bool:
    """Whether `require` would pass."""
    return _refusal(by, permission, team) is None


def why_not(by: User, permission: str, team: Team | None) -> str:
    """Why `require` would refuse, as a sentence for a disabled button; "" when it would pass."""
    refusal = _refusal(by, permission, team)
    return refusal.detail if refusal else ""


def may_in_any_team(by: User, permission: str) -> bool:
    """Whether there is a team (or admin right) in which the caller has the permission."""
    if by.is_admin:
        return may(by, permission, None)
    return any(_is_reached(by, permission, held.roles) for held in _held_by_team(by).values())


def teams_of(user: User) -> QuerySet[Team]:
    """The teams a person may see: an admin every one, others those they belong to."""
    return Team.objects.visible_to(user)


def team_names(user: User) -> list[str]:
    """The names of `teams_of`, sorted. No query of its own for anybody but an admin."""
    if user.is_admin:
        return list(Team.objects.order_by("name").values_list("name", flat=True))
    return sorted(held.team_name for held in _held_by_team(user).values())


def team_names_as(user: User, role: str) -> list[str]:
    """The names of the teams in which a person has this role, sorted."""
    return sorted(held.team_name for held in _held_by_team(user).values() if role in held.roles)


def judged_teams(user: User) -> set[str]:
    """The names of the teams in which a person's voice counts for approvals. One query, kept on the user instance."""
    return {held.team_name for held in _held_by_team(user).values() if held.roles & set(JUDGES)}


def roles_in(user: User, team: Team) -> set[str]:
    """The roles of a person in a team. One query for all teams, kept on the user instance."""
    held = _held_by_team(user).get(team.pk)
    return held.roles if held else set()


def team_ids_with(user: User, permission: str) -> set[UUID]:
    """The teams in which a person's roles hold the permission (an admin's every right is not counted here)."""
    wanted = PERMISSIONS[permission].roles
    return {team_id for team_id, held in _held_by_team(user).items() if held.roles & wanted}


def forget_roles(user: User) -> None:
    """Read the roles anew at the next question: memberships have changed."""
    user.__dict__.pop("_roles", None)


@dataclass(frozen=True)
class _Held:
    """The roles that a person has in one team."""

    team_name: str
    roles: set[str]


def _held_by_team(user: User) -> dict[UUID, _Held]:
    kept: dict[UUID, _Held] | None = user.__dict__.get("_roles")
    if kept is None:
        kept = {}
        for team_id, name, role in user.memberships.order_by().values_list("team_id", "team__name", "role"):
            kept.setdefault(team_id, _Held(name, set())).roles.add(role)
        user.__dict__["_roles"] = kept
    return kept


def _refusal(by: User, permission: str, team: Team | None) -> NotPermitted | None:
    if refusal := _unreached(by, permission):
        return refusal
    if by.is_admin or (team and roles_in(by, team) & PERMISSIONS[permission].roles):
        return None
    return _missing_role(permission, team)


def _unreached(by: User, permission: str) -> NotPermitted | None:
    if not by.is_active:
        return NotPermitted(_("This account is switched off."), permission=permission, granted_by=_("an admin"))
    if not _token_reaches(by, permission):
        scopes = " / ".join(sorted(PERMISSIONS[permission].scopes))
        return NotPermitted(
            _("The token “%(token)s” lacks the scope %(scope)s, which %(permission)s needs.")
            % {"token": by.token.name if by.token else "", "scope": scopes, "permission": permission},
            permission=permission,
            granted_by=by.username,
            next=_("Make a token with that scope."),
        )
    return None


def _missing_role(permission: str, team: Team | None) -> NotPermitted:
    if team is None or not PERMISSIONS[permission].roles:
        return NotPermitted(
            _("%(permission)s is for admins.") % {"permission": permission},
            permission=permission,
            granted_by=_("an admin"),
            next=_("Ask an admin."),
        )
    roles = ", ".join(role for role in Role.values if role in PERMISSIONS[permission].roles)
    return NotPermitted(
        _("You lack %(permission)s in team %(team)s. These roles have it: %(roles)s.")
        % {"permission": permission, "team": team.name, "roles": roles},
        permission=permission,
        team=team.name,
        granted_by=_("the maintainers of team %(team)s, or an admin") % {"team": team.name},
        next=_("Ask a maintainer of team %(team)s, or an admin, for one of these roles.") % {"team": team.name},
    )


def _is_reached(by: User, permission: str, roles: set[str]) -> bool:
    return by.is_active and bool(roles & PERMISSIONS[permission].roles) and _token_reaches(by, permission)


def _token_reaches(by: User, permission: str) -> bool:
    """A token without scopes is as wide as its user; every scope includes reading."""
    if by.token is None or not by.token.scopes or "admin" in by.token.scopes:
        return True
    wanted = PERMISSIONS[permission].scopes
    return "read" in wanted or bool(wanted & set(by.token.scopes))
