"""Keeping a list as one wants to see it again, for oneself or for a team."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import SavedView, Team, User
from accounts.permissions import require
from audit.record import audit
from web.errors import Conflict, Invalid, NotPermitted

# Where in the list one is, and how an answer is shaped, is not what one wants to see again.
_LEFT_OUT = {"page", "cursor", "limit", "fragment", "format"}
LONGEST_NAME, LONGEST_QUERY, MOST_OF_ONE = 60, 2000, 100


def save_view(by: User, of: str, name: str, query: str, team: Team | None = None) -> SavedView:
    """Keep a list's query under a name; a view of that name is replaced. With `team` all its members have it.

    Raises NotPermitted (sharing is for the team's maintainers), Invalid, and Conflict when one has too many.
    """
    if team:
        require(by, "view.share", team)
    else:
        _require_whole_token(by)
    name, query = name.strip(), _kept(query)
    _check(of, name, query)
    beside = (
        SavedView.objects.filter(of=of, team=team) if team else SavedView.objects.filter(of=of, team=None, owner=by)
    )
    view = beside.filter(name__iexact=name).first()
    before = {"name": view.name, "query": view.query} if view else None
    if view is None and beside.count() >= MOST_OF_ONE:
        raise Conflict(_("There are %(count)d saved views already. Remove one first.") % {"count": MOST_OF_ONE})
    view = view or SavedView(of=of, owner=by, team=team)
    view.name, view.query = name, query
    try:
        with transaction.atomic():
            view.save()
            action, owner = ("view.share", team.name) if team else ("view.save", "")
            audit(by, action, view, team=owner, before=before, after={"of": of, "name": name, "query": query})
    except IntegrityError:
        raise Conflict(_("Somebody has just saved a view named %(name)s.") % {"name": name}) from None
    return view


def remove_view(by: User, view: SavedView) -> None:
    """Forget a view: one's own, or a team's as its maintainer. Raises NotPermitted."""
    if view.team:
        require(by, "view.remove", view.team)
    else:
        _require_whole_token(by)
        if view.owner_id != by.pk:
            raise NotPermitted(_("This view is somebody else's own."), granted_by=view.owner.username)
    with transaction.atomic():
        before = {"of": view.of, "name": view.name, "query": view.query}
        audit(by, "view.remove", view, team=view.team.name if view.team else "", before=before)
        view.delete()


def _kept(query: str) -> str:
    pairs = parse_qsl(query.lstrip("?"), keep_blank_values=False)
    return urlencode([(name, value) for name, value in pairs if name not in _LEFT_OUT])


def _check(of: str, name: str, query: str) -> None:
    errors = []
    if of not in SavedView.Of.values:
        detail = _("Use one of: %(all)s.") % {"all": ", ".join(SavedView.Of.values)}
        errors.append({"pointer": "/of", "code": "invalid_choice", "detail": detail})
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        detail = _("A view's name has 1 to %(most)d characters.") % {"most": LONGEST_NAME}
        errors.append({"pointer": "/name", "code": "invalid", "detail": detail})
    if len(query) > LONGEST_QUERY or "\0" in query:
        errors.append({"pointer": "/query", "code": "max_length", "detail": _("This query is too long to be kept.")})
    if errors:
        raise Invalid(_("This view cannot be saved."), errors=errors)


def _require_whole_token(by: User) -> None:
    """One's own views are no part of what scopes speak of: a token that is limited does not change them."""
    if by.token and (by.token.is_narrowed or (by.token.scopes and "admin" not in by.token.scopes)):
        raise NotPermitted(
            _("The token “%(name)s” is limited by its scopes and cannot change saved views.") % {"name": by.token.name},
            granted_by=by.username,
            next=_("Use a token without scopes, or the page of the list."),
        )
