"""What groups give: memberships that carry the identity they came by, so that they go when the groups go.

What a person gave by hand is neither added to nor taken from. The last admin who can sign in stays one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from django.db import transaction
from django.db.models import QuerySet

from accounts.admins import another_can_sign_in, lock_admins
from accounts.factors.required import lacks_second_factor
from accounts.models import GroupRule, Identity, IdentityProvider, Membership, Session, Team
from accounts.sessions import end_sessions
from audit.models import Entry
from audit.record import audit

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Given:
    """One membership that a rule gives."""

    team: Team
    role: str
    environment: str

    @property
    def key(self) -> tuple[Any, str, str]:
        """What tells it from others."""
        return self.team.pk, self.role, self.environment


@dataclass(frozen=True)
class Gifts:
    """All that the rules give to the members of some groups."""

    memberships: tuple[Given, ...]
    admin: bool


def gifts_of(provider: IdentityProvider, groups: Iterable[str]) -> Gifts:
    """What the rules of a provider give to who is in these groups; names are compared letter by letter."""
    wanted = set(groups)
    rules = [rule for rule in provider.rules.select_related("team") if rule.group in wanted]
    given = {(rule.team_id, rule.role, rule.environment): rule for rule in rules if rule.team}
    return Gifts(
        memberships=tuple(Given(rule.team, rule.role, rule.environment) for rule in given.values() if rule.team),
        admin=any(rule.gives_admin for rule in rules),
    )


def stays_admin(identity: Identity) -> bool:
    """Whether the person stays an admin although no rule gives it any more: nobody else could administer Slipway."""
    user = identity.user
    return identity.gives_admin and user.is_admin and user.is_active and not another_can_sign_in(user)


def apply_rules(identity: Identity, groups: Iterable[str] | None) -> None:
    """Let the person have what their groups give now, and nothing that they gave before. None: nothing is known of
    groups, all stays."""
    if groups is None:
        return
    gifts = gifts_of(identity.provider, groups)
    with transaction.atomic():
        held = {_key(row): row for row in identity.memberships.select_related("team")}
        wanted = {given.key: given for given in gifts.memberships}
        for key in held.keys() - wanted.keys():
            _take(identity, held[key])
        for key in wanted.keys() - held.keys():
            _give(identity, wanted[key])
        _let_be_admin(identity, gifts.admin)


def take_all(identities: QuerySet[Identity]) -> None:
    """Take what group rules gave to these identities: they are unlinked, or their provider goes."""
    for identity in identities.select_related("user", "provider"):
        apply_rules(identity, ())


def rules_changed(provider: IdentityProvider) -> None:
    """Ask anew for everybody at the next look, and take at once what no rule gives any more."""
    given = {
        (rule.team_id, rule.role, rule.environment)
        for rule in GroupRule.objects.filter(provider=provider, team__isnull=False)
    }
    admins = provider.rules.filter(gives_admin=True).exists()
    for identity in provider.identities.select_related("user", "provider"):
        for row in identity.memberships.select_related("team"):
            if _key(row) not in given:
                _take(identity, row)
        if not admins:
            _let_be_admin(identity, False)


def uses_of_role(name: str) -> list[dict[str, str]]:
    """The rules that give a role: it cannot be removed while they do."""
    rules = GroupRule.objects.filter(role=name).select_related("team", "provider")
    return [
        {"kind": "group_rule", "provider": rule.provider.name, "group": rule.group, "team": rule.team.name}
        for rule in rules
        if rule.team
    ]


def _give(identity: Identity, given: Given) -> None:
    row, is_new = Membership.objects.get_or_create(
        team=given.team,
        user=identity.user,
        role=given.role,
        environment=given.environment,
        defaults={"identity": identity},
    )
    if is_new:
        after = {"user": identity.user.username, "role": row.role, "environment": given.environment}
        audit(None, "team.add_member", given.team, team=given.team.name, after=after, provider=identity.provider.name)


def _take(identity: Identity, row: Membership) -> None:
    before = {"user": identity.user.username, "roles": [row.role], "environment": row.environment}
    audit(None, "team.remove_member", row.team, team=row.team.name, before=before, provider=identity.provider.name)
    row.delete()


def _let_be_admin(identity: Identity, admin: bool) -> None:
    user = identity.user
    if admin and not user.is_admin:
        _set_admin(identity, True)
    elif not admin and identity.gives_admin:
        lock_admins()
        if stays_admin(identity):
            _note_kept(identity)
        else:
            _set_admin(identity, False)


def _note_kept(identity: Identity) -> None:
    """Say so once: the rules are looked at again every few minutes, and take the right once there is another admin."""
    user, provider = identity.user, identity.provider
    log.warning("user.admin_kept", user=user.username, provider=provider.name)
    said = Entry.objects.filter(object_id=str(user.pk), action__in=("user.edit", "user.keep_admin")).first()
    if said is None or said.action != "user.keep_admin":
        because = "no other active admin can sign in"
        audit(None, "user.keep_admin", user, provider=provider.name, because=because)


def _set_admin(identity: Identity, admin: bool) -> None:
    user = identity.user
    before, user.is_admin, identity.gives_admin = {"is_admin": user.is_admin}, admin, admin
    user.save(update_fields=["is_admin"])
    identity.save(update_fields=["gives_admin"])
    if admin and lacks_second_factor(user):
        end_sessions(user, way=Session.Way.PASSWORD)
    audit(None, "user.edit", user, before=before, after={"is_admin": admin}, provider=identity.provider.name)


def _key(row: Membership) -> tuple[Any, str, str]:
    return row.team_id, row.role, row.environment
