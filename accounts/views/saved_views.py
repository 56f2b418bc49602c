"""Saving and removing views of lists; the menu that shows them stands on each list."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.commands.saved_views import remove_view, save_view
from accounts.decorators import SignedInRequest, signed_in
from accounts.models import SavedView, Team
from web.fragments import safe_next, see_other

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_POST
@signed_in
def save(request: SignedInRequest) -> HttpResponse:
    """Keep the list that the form stands on, then show it as saved."""
    given = request.POST
    team = None
    if given.get("team"):
        team = Team.objects.visible_to(request.user).filter(name=given["team"]).first()
        if team is None:
            raise Http404
    view = save_view(request.user, given.get("of", ""), given.get("name", ""), given.get("query", ""), team)
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": view.name})
    return see_other(view.url)


@require_POST
@signed_in
def remove(request: SignedInRequest, pk: UUID) -> HttpResponse:
    """Forget one."""
    view = get_object_or_404(SavedView.objects.visible_to(request.user).select_related("team", "owner"), pk=pk)
    remove_view(request.user, view)
    messages.success(request, _("The view “%(name)s” is removed.") % {"name": view.name})
    return see_other(safe_next(request))
