"""What each role may do, and the one question every command asks first: `require`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.held import ANYWHERE, forget_roles, made_of, rights_of
from accounts.models import Membership, Role, Team, User
from accounts.narrowing import outside_of
from web.errors import NotPermitted

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID


__all__ = ["ANYWHERE", "PERMISSIONS", "SCOPES", "forget_roles"]

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

    @property
    def is_reading(self) -> bool:
        """Whether every role holds it, wherever the role counts: a team sees all that it owns."""
        return self.roles == ANY


def _by(roles: Iterable[str], *scopes: str) -> Permission:
    return Permission(frozenset(roles), frozenset(scopes))


ANY = frozenset(Role.values)
MAKERS = (Role.DEVELOPER, Role.MAINTAINER)
JUDGES = (Role.APPROVER, Role.MAINTAINER)

# How many people a refusal names who could grant what is missing.
MOST_NAMED = 3

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
    "identity_provider.view": _by((), "admin"),
    "identity_provider.create": _by((), "admin"),
    "identity_provider.edit": _by((), "admin"),
    "identity_provider.remove": _by((), "admin"),
    "identity_provider.test": _by((), "admin"),
    "group_rule.create": _by((), "admin"),
    "group_rule.remove": _by((), "admin"),
    "identity.link": _by((), "admin"),
    "identity.unlink": _by((), "admin"),
    "second_factor.reset": _by((), "admin"),
    "sign_in_policy.view": _by((), "read"),
    "sign_in_policy.edit": _by((), "admin"),
    "sign_in_lock.view": _by((), "read"),
    "sign_in_lock.lift": _by((), "admin"),
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
    "promotion.start": _by(MAKERS, "deploy"),
    "promotion.abort": _by(MAKERS, "deploy"),
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
    "audit_sink.view": _by((), "read"),
    "audit_sink.create": _by((), "admin"),
    "audit_sink.edit": _by((), "admin"),
    "audit_sink.remove": _by((), "admin"),
    "audit_sink.test": _by((), "admin"),
    "view.share": _by((Role.MAINTAINER,), "services:write"),
    "view.remove": _by((Role.MAINTAINER,), "services:write"),
    "audit.view": _by((Role.MAINTAINER,), "read"),
    "role.view": _by(ANY, "read"),
    "role.create": _by((), "admin"),
    "role.edit": _by((), "admin"),
    "role.remove": _by((), "admin"),
    "robot.create": _by((Role.MAINTAINER,), "admin"),
    "robot.edit": _by((Role.MAINTAINER,), "admin"),
    "robot.remove": _by((Role.MAINTAINER,), "admin"),
    "ci_identity.create": _by((Role.MAINTAINER,), "admin"),
    "ci_identity.edit": _by((Role.MAINTAINER,), "admin"),
    "ci_identity.remove": _by((Role.MAINTAINER,), "admin"),
    "webhook_source.create": _by((Role.MAINTAINER,), "admin"),
    "webhook_source.edit": _by((Role.MAINTAINER,), "admin"),
    "webhook_source.rotate": _by((Role.MAINTAINER,), "admin"),
    "webhook_source.remove": _by((Role.MAINTAINER,), "admin"),
    "webhook_source.deliver_again": _by((Role.MAINTAINER,), "admin"),
}
READING = frozenset(name for name, one in PERMISSIONS.items() if one.is_reading)
# What a custom role may be made of: what some role in a team holds, and not all of them.
GRANTABLE = tuple(name for name, one in PERMISSIONS.items() if one.roles and not one.is_reading)


def require(by: User, permission: str, team: Team | None, environment: str = "", *, service: str = "") -> None:
    """Let the caller pass or raise NotPermitted, which names the permission, the team and who can grant it.

    `team` is the owner of the thing at hand, None where only admins decide. `environment` is the name of the one that
    the thing is in; "" for what is in none, where only roles for all environments count; ANYWHERE: some environment.
    `service` is the name of the one that the thing is of: a token can be narrowed to some.
    """
    refusal = _refusal(by, permission, team, environment, service)
    if refusal:
        raise refusal


def require_reach(
    by: User, permission: str, team: Team | None = None, environment: str = "", *, service: str = ""
) -> None:
    """The half of `require` that is about the caller alone: active, and with a token that reaches the permission there.

    For what is decided by other rules than the roles in one team. Raises NotPermitted.
    """
    refusal = _unreached(by, permission) or _outside(by, permission, team, environment, service)
    if refusal:
        raise refusal


def may(by: User, permission: str, team: Team | None, environment: str = "", *, service: str = "") -> bool:
    """Whether `require` would pass."""
    if _unreached(by, permission) or _outside(by, permission, team, environment, service):
        return False
    return _holds(by, permission, team, environment)


def why_not(by: User, permission: str, team: Team | None, environment: str = "", *, service: str = "") -> str:
    """Why `require` would refuse and whom to ask, as sentences for a disabled button; "" when it would pass."""
    refusal = _refusal(by, permission, team, environment, service)
    return f"{refusal.detail} {refusal.next}".strip() if refusal else ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What `answer_for` found: whether it is allowed, and if not why, and who can change that."""

    allowed: bool
    why_not: str = ""
    granted_by: str = ""


def answer_for(by: User, permission: str, team: Team | None, environment: str = "") -> Answer:
    """May they, and if not, who can grant it: the question of `require`, answered in full."""
    refusal = _refusal(by, permission, team, environment)
    return Answer(False, refusal.detail, refusal.granted_by) if refusal else Answer(True)


def may_in_any_team(by: User, permission: str, environment: str = "") -> bool:
    """Whether there is a team (or admin right) in which the caller has the permission."""
    if by.is_admin:
        return may(by, permission, None)
    return _unreached(by, permission) is None and bool(team_ids_with(by, permission, environment))


def team_names(user: User) -> list[str]:
    """The names of the teams that a person may see, sorted. No query of its own for anybody but an admin."""
    if user.is_admin:
        return list(Team.objects.order_by("name").values_list("name", flat=True))
    return sorted(held.team_name for held in rights_of(user).by_team.values())


def team_names_with(user: User, permission: str, environment: str = "") -> list[str]:
    """The names of `team_ids_with`, sorted."""
    able, by_team = team_ids_with(user, permission, environment), rights_of(user).by_team
    return sorted(by_team[team_id].team_name for team_id in able)


def roles_in(user: User, team: Team, environment: str = "") -> set[str]:
    """The roles of a person that count in a team and environment. One query for all teams, kept on the user."""
    held = rights_of(user).by_team.get(team.pk)
    return held.at(environment) if held else set()


def permissions_in(user: User, team: Team, environment: str = "") -> set[str]:
    """All that a person's roles in a team hold in that environment. An admin's hold everything."""
    return {permission for permission in PERMISSIONS if user.is_admin or _holds(user, permission, team, environment)}


def permissions_of(role: str) -> frozenset[str]:
    """What a role is made of, a built-in or custom one; nothing where there is no such role. Reading is in each."""
    if role in Role.values:
        return frozenset(name for name, one in PERMISSIONS.items() if role in one.roles)
    return made_of({role}).get(role, frozenset()) | READING


def team_ids_with(user: User, permission: str, environment: str = "") -> set[UUID]:
    """The teams in which a person's roles hold the permission (an admin's every right is not counted here)."""
    rights = rights_of(user)
    return {
        team_id
        for team_id, held in rights.by_team.items()
        if _hold(held.at(ANYWHERE if PERMISSIONS[permission].is_reading else environment), permission, rights.custom)
    }


def people_with(permission: str, teams: Iterable[str]) -> dict[str, list[tuple[str, UUID, str]]]:
    """Who is active and holds the permission in the teams of these names: (environment, user id, user name) by team.

    People alone: a robot is nobody to ask, and its voice never counts.

    One query, and one more where a custom role is held there.
    """
    found: dict[str, list[tuple[str, UUID, str]]] = {team: [] for team in teams}
    useless = set(Role.values) - PERMISSIONS[permission].roles
    members = Membership.objects.filter(team__name__in=found, user__is_active=True, user__robot_of=None).exclude(
        role__in=useless
    )
    members = members.order_by("user__username")
    rows = list(members.values_list("team__name", "role", "environment", "user_id", "user__username"))
    custom = made_of(role for _team, role, *_rest in rows)
    for team, role, environment, user_id, username in rows:
        if _hold({role}, permission, custom):
            found[team].append((environment, user_id, username))
    return found


def _holds(by: User, permission: str, team: Team | None, environment: str) -> bool:
    if by.is_admin:
        return True
    if team is None:
        return False
    where = ANYWHERE if PERMISSIONS[permission].is_reading else environment
    return _hold(roles_in(by, team, where), permission, rights_of(by).custom)


def _hold(roles: set[str], permission: str, custom: dict[str, frozenset[str]]) -> bool:
    """Whether one of the roles holds the permission. One that there is no more holds nothing but what a member sees."""
    wanted = PERMISSIONS[permission]
    if not roles or not wanted.roles:
        return False
    return bool(roles & wanted.roles) or wanted.is_reading or any(permission in custom.get(role, ()) for role in roles)


def _refusal(by: User, permission: str, team: Team | None, environment: str, service: str = "") -> NotPermitted | None:
    if refusal := _unreached(by, permission) or _outside(by, permission, team, environment, service):
        return refusal
    return None if _holds(by, permission, team, environment) else _missing_role(by, permission, team, environment)


def _outside(by: User, permission: str, team: Team | None, environment: str, service: str) -> NotPermitted | None:
    """The refusal of a token that is narrowed to other teams, services or environments."""
    token = by.token
    if token is None or not token.is_narrowed or "read" in PERMISSIONS[permission].scopes:
        return None
    # What is asked about some environment is asked again about the one at hand.
    place = next(iter(token.environments), "") if environment == ANYWHERE else environment
    why = outside_of(token, team=team.name if team else "", service=service, environment=place)
    if not why:
        return None
    return NotPermitted(
        _("%(permission)s is not reached: %(why)s.") % {"permission": permission, "why": why},
        permission=permission,
        granted_by=by.username,
        next=_("Make a token that reaches it."),
    )


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


def _missing_role(by: User, permission: str, team: Team | None, environment: str) -> NotPermitted:
    roles = ", ".join(role for role in Role.values if role in PERMISSIONS[permission].roles)
    if not roles:
        return NotPermitted(
            _("%(permission)s is for admins.") % {"permission": permission},
            permission=permission,
            granted_by=_("an admin"),
            next=_("Ask an admin."),
        )
    if team is None:
        return NotPermitted(
            _("You lack %(permission)s here. In a team these roles have it: %(roles)s.")
            % {"permission": permission, "roles": roles},
            permission=permission,
            granted_by=_("a maintainer of a team, or an admin"),
            next=_("Ask a maintainer of your team, or an admin, for one of these roles."),
        )
    words = {"permission": permission, "team": team.name, "roles": roles, "environment": environment}
    if environment in {"", ANYWHERE}:
        detail = _("You lack %(permission)s in team %(team)s. These roles have it: %(roles)s.") % words
    else:
        detail = (
            _("You lack %(permission)s in team %(team)s for %(environment)s. These roles have it: %(roles)s.") % words
        )
    whom = who_can_grant(by, team, environment)
    return NotPermitted(
        detail,
        permission=permission,
        team=team.name,
        **({"environment": environment} if environment not in {"", ANYWHERE} else {}),
        granted_by=whom,
        next=_("Ask %(whom)s for one of these roles.") % {"whom": whom},
    )


def who_can_grant(by: User, team: Team, environment: str = "") -> str:
    """Whom to ask for a role in a team, for a sentence. Up to three are named, to those who belong to the team: others
    are not told who does."""
    held = rights_of(by).by_team.get(team.pk)
    if held is None:
        return _("the maintainers of team %(team)s, or an admin") % {"team": team.name}
    able = list(
        dict.fromkeys(name for place, name in held.maintainers if environment == ANYWHERE or place in {"", environment})
    )
    named = ", ".join(able[:MOST_NAMED]) + (" …" if len(able) > MOST_NAMED else "")
    named = named or _("there is none yet")
    return _("the maintainers of team %(team)s (%(people)s), or an admin") % {"team": team.name, "people": named}


def _token_reaches(by: User, permission: str) -> bool:
    """A token without scopes is as wide as its user; every scope includes reading."""
    if by.token is None or not by.token.scopes or "admin" in by.token.scopes:
        return True
    wanted = PERMISSIONS[permission].scopes
    return "read" in wanted or bool(wanted & set(by.token.scopes))
