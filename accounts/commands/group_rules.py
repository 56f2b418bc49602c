"""Saying what members of a provider's group are here."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.commands.teams import require_role
from accounts.environments import require_environment
from accounts.models import GroupRule, IdentityProvider, Team, User
from accounts.oidc.rules import rules_changed
from accounts.permissions import require
from audit.record import audit
from durable.idempotency import note_made
from web.errors import Conflict, Invalid
from web.problems import model_errors


def create_rule(
    by: User,
    provider: IdentityProvider,
    group: str,
    *,
    team: Team | None = None,
    role: str = "",
    environment: str = "",
    gives_admin: bool = False,
) -> GroupRule:
    """Give a group a role in a team, or make its members admins. It takes effect when they are asked about next.

    Raises NotPermitted, Invalid and Conflict (it is there already).
    """
    require(by, "group_rule.create", None)
    rule = GroupRule(
        provider=provider, group=group, team=team, role=role, environment=environment, gives_admin=gives_admin
    )
    try:
        with transaction.atomic():
            _check(rule)
            rule.save(force_insert=True)
            note_made(rule.pk)
            audit(by, "group_rule.create", rule, team=team.name if team else "", after=facts(rule))
    except IntegrityError:
        raise Conflict(_("There is such a rule for the group “%(group)s” already.") % {"group": group}) from None
    return rule


def remove_rule(by: User, rule: GroupRule) -> None:
    """Forget a rule; what it alone gave is taken at once. Raises NotPermitted."""
    require(by, "group_rule.remove", None)
    with transaction.atomic():
        audit(by, "group_rule.remove", rule, team=rule.team.name if rule.team else "", before=facts(rule))
        rule.delete()
        rules_changed(rule.provider)


def facts(rule: GroupRule) -> dict[str, object]:
    """What the log says of a rule."""
    return {
        "provider": rule.provider.name,
        "group": rule.group,
        "team": rule.team.name if rule.team else "",
        "role": rule.role,
        "environment": rule.environment,
        "gives_admin": rule.gives_admin,
    }


def _check(rule: GroupRule) -> None:
    errors: list[dict[str, str]] = []
    try:
        rule.clean_fields(exclude=["provider", "team"])
    except ValidationError as error:
        errors += model_errors(error)
    if not rule.group.strip() or not rule.group.isprintable():
        errors.append(_wrong("/group", _("Name the group as the provider does.")))
    if rule.gives_admin:
        if rule.team or rule.role or rule.environment:
            errors.append(_wrong("/gives_admin", _("An admin may everything: leave team, role and environment out.")))
    else:
        if rule.team is None:
            errors.append(_wrong("/team", _("Name a team, or let the group be admins.")))
        for require_known, name in ((require_role, rule.role), (require_environment, rule.environment)):
            try:
                require_known(name)
            except Invalid as refusal:
                errors += refusal.errors
    if errors:
        raise Invalid(_("This rule cannot be stored as it is."), errors=errors)


def _wrong(pointer: str, detail: str) -> dict[str, str]:
    return {"pointer": pointer, "code": "invalid", "detail": detail}
