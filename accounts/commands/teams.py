"""Making teams, and who belongs to them."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.environments import require_environment
from accounts.errors import NameTaken
from accounts.models import CustomRole, Membership, Role, Team, User
from accounts.permissions import ANYWHERE, permissions_in, permissions_of, require, who_can_grant
from audit.record import audit
from durable.idempotency import note_made
from web.errors import Invalid, NotFound, NotPermitted
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


def add_member(by: User | None, team: Team, user: User, role: str, environment: str = "") -> Membership:
    """Give a person a role in a team, for all environments or for the one of that name. Idempotent.

    Nobody gives what they lack: the role holds nothing there that `by` does not hold there. `by` None: Slipway itself.
    Raises NotPermitted and Invalid.
    """
    if by:
        require(by, "team.add_member", team, environment)
    if user.is_robot and user.robot_of_id != team.pk:
        raise Invalid.at("/user", "other_team", _("A robot belongs to one team and has roles in no other."))
    with transaction.atomic():
        require_role(role)
        require_environment(environment)
        if by:
            _require_own_rights(by, team, role, environment)
        membership, is_new = Membership.objects.get_or_create(team=team, user=user, role=role, environment=environment)
        by_hand = membership.identity_id is not None
        if by_hand:
            # What a person gives stays when the groups go that gave it before.
            membership.identity = None
            membership.save(update_fields=["identity"])
        if is_new or by_hand:
            after = {"user": user.username, "role": role, "environment": environment}
            audit(by, "team.add_member", team, team=team.name, after=after)
    return membership


def remove_member(by: User, team: Team, user: User, role: str = "", environment: str | None = None) -> None:
    """Take roles from a person: without `role` all of them, with `environment` only those held for that one ("" those
    for all). Raises NotPermitted, and NotFound for no member."""
    require(by, "team.remove_member", team, ANYWHERE)
    held = Membership.objects.filter(team=team, user=user)
    if role:
        held = held.filter(role=role)
    if environment is not None:
        held = held.filter(environment=environment)
    with transaction.atomic():
        rows = list(held.order_by("role", "environment").values_list("role", "environment"))
        if not rows:
            raise NotFound(
                _("%(user)s has no such role in team %(team)s.") % {"user": user.username, "team": team.name}
            )
        for _role, place in rows:
            require(by, "team.remove_member", team, place)
        held.delete()
        roles = [f"{one}@{place}" if place else one for one, place in rows]
        audit(by, "team.remove_member", team, team=team.name, before={"user": user.username, "roles": roles})


def require_role(role: str) -> None:
    """Raises Invalid for a role there is not. A custom one stays as long as this transaction lasts."""
    if role in Role.values or CustomRole.objects.select_for_update().filter(name=role).exists():
        return
    known = [*Role.values, *CustomRole.objects.values_list("name", flat=True)]
    raise Invalid.at("/role", "invalid_choice", _("A role is one of %(roles)s.") % {"roles": ", ".join(known)})


def _require_own_rights(by: User, team: Team, role: str, environment: str) -> None:
    lacking = sorted(permissions_of(role) - permissions_in(by, team, environment))
    if lacking:
        where = environment or _("all environments")
        raise NotPermitted(
            _("The role %(role)s for %(where)s holds what you lack there: %(permissions)s.")
            % {"role": role, "where": where, "permissions": ", ".join(lacking)},
            permission=lacking[0],
            team=team.name,
            granted_by=who_can_grant(by, team, environment),
            next=_("Give a role that holds no more than your own, or ask who holds more."),
        )


def _check(team: Team) -> None:
    try:
        team.clean_fields()
    except ValidationError as error:
        raise Invalid(_("This team cannot be stored as it is."), errors=model_errors(error)) from None
