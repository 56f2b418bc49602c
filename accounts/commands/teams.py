"""Making teams, and who belongs to them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.errors import NameTaken
from accounts.models import Membership, Role, Team, User
from accounts.permissions import require
from audit.record import audit
from durable.idempotency import note_made
from web.errors import Invalid, NotFound
from web.etag import claim_version
from web.problems import model_errors


def create_team(by: User | None, name: str, title: str = "") -> Team:
    """Make a team. `by` None: Slipway itself, at a first start. Raises NotPermitted, Invalid and NameTaken."""
    if by:
        require(by, "team.create", None)
    team = Team(name=name, title=title)
    _check(team)
    try:
        with transaction.atomic():
            team.save(force_insert=True)
            note_made(team.pk)
            audit(by, "team.create", team, team=name, after={"name": name, "title": title})
    except IntegrityError:
        raise NameTaken(_("There is a team named %(name)s already.") % {"name": name}) from None
    return team


def edit_team(by: User, team: Team, *, title: str) -> Team:
    """Change a team's title. Raises NotPermitted, Invalid, PreconditionFailed."""
    require(by, "team.edit", team)
    before = {"title": team.title}
    team.title = title
    _check(team)
    with transaction.atomic():
        claim_version(team)
        team.save(update_fields=["title"])
        audit(by, "team.edit", team, team=team.name, before=before, after={"title": title})
    return team


def add_member(by: User | None, team: Team, user: User, role: str) -> Membership:
    """Give a person a role in a team. Idempotent. Raises NotPermitted and Invalid."""
    if by:
        require(by, "team.add_member", team)
    if role not in Role.values:
        raise Invalid.at(
            "/role", "invalid_choice", _("A role is one of %(roles)s.") % {"roles": ", ".join(Role.values)}
        )
    with transaction.atomic():
        membership, is_new = Membership.objects.get_or_create(team=team, user=user, role=role)
        if is_new:
            audit(by, "team.add_member", team, team=team.name, after={"user": user.username, "role": role})
    return membership


def remove_member(by: User, team: Team, user: User, role: str = "") -> None:
    """Take one role, or without `role` all of them, from a person. Raises NotPermitted, and NotFound for no member."""
    require(by, "team.remove_member", team)
    held = Membership.objects.filter(team=team, user=user, **({"role": role} if role else {}))
    with transaction.atomic():
        roles = sorted(held.values_list("role", flat=True))
        if not roles:
            raise NotFound(
                _("%(user)s has no such role in team %(team)s.") % {"user": user.username, "team": team.name}
            )
        held.delete()
        audit(by, "team.remove_member", team, team=team.name, before={"user": user.username, "roles": roles})


def _check(team: Team) -> None:
    try:
        team.clean_fields()
    except ValidationError as error:
        raise Invalid(_("This team cannot be stored as it is."), errors=model_errors(error)) from None
