"""Teams and their members."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import queries
from accounts.commands.teams import add_member, create_team, edit_team, remove_member
from accounts.decorators import SignedInRequest, signed_in
from accounts.environments import environment_names
from accounts.forms import MemberForm, TeamForm, TeamTitleForm
from accounts.models import Team, User
from accounts.permissions import ANYWHERE, require, why_not
from web.errors import Invalid
from web.filters import searched
from web.forms import refusals_on
from web.fragments import render_page, see_other
from web.paging import page_of

if TYPE_CHECKING:
    from django.http import HttpResponse


@signed_in
def teams(request: SignedInRequest) -> HttpResponse:
    """The teams that the caller may see, and a form for a new one."""
    form = TeamForm(request.POST if request.method == "POST" else None)
    if request.method == "POST":
        require(request.user, "team.create", None)
        if form.is_valid():
            with refusals_on(form):
                create_team(request.user, form.cleaned_data["name"], form.cleaned_data["title"])
        if form.is_valid():
            return see_other(reverse("team", args=[form.cleaned_data["name"]]))
    rows = searched(queries.team_list(request.user), ("name", "title"), request.GET.get("search", ""))
    shown = {
        "form": form,
        "page": page_of(rows, request.GET.get("page")),
        "why_not": why_not(request.user, "team.create", None),
    }
    return render_page(request, "accounts/teams.html", shown, status=422 if form.errors else 200)


@signed_in
def team(request: SignedInRequest, name: str) -> HttpResponse:
    """One team: its title, its people, and a form for one more."""
    found = get_object_or_404(queries.team_with_members(request.user), name=name)
    form = MemberForm(
        request.POST if request.method == "POST" else None,
        roles=queries.role_choices(),
        environments=environment_names(),
    )
    if request.method == "POST":
        require(request.user, "team.add_member", found, ANYWHERE)
        if form.is_valid():
            given = form.cleaned_data
            with refusals_on(form):
                add_member(request.user, found, _person(given["user"]), given["role"], given["environment"])
        if form.is_valid():
            return see_other(reverse("team", args=[found.name]))
    shown = {
        "team": found,
        "form": form,
        "title_form": TeamTitleForm({"title": found.title}),
        "members": [
            (one, why_not(request.user, "team.remove_member", found, one.environment))
            for one in found.memberships.all()
        ],
        "why_not": why_not(request.user, "team.add_member", found, ANYWHERE),
        "why_not_edit": why_not(request.user, "team.edit", found),
    }
    return render_page(request, "accounts/team.html", shown, status=422 if form.errors else 200)


@require_POST
@signed_in
def edit(request: SignedInRequest, name: str) -> HttpResponse:
    """A new title."""
    found = get_object_or_404(Team.objects.visible_to(request.user), name=name)
    require(request.user, "team.edit", found)
    form = TeamTitleForm(request.POST)
    if form.is_valid():
        edit_team(request.user, found, title=form.cleaned_data["title"])
    return see_other(reverse("team", args=[found.name]))


@require_POST
@signed_in
def remove(request: SignedInRequest, name: str, user: str) -> HttpResponse:
    """Take one role from one person."""
    found = get_object_or_404(Team.objects.visible_to(request.user), name=name)
    held = {"role": request.POST.get("role", ""), "environment": request.POST.get("environment", "")}
    membership = get_object_or_404(found.memberships.select_related("user"), user__username__iexact=user, **held)
    member = membership.user
    remove_member(request.user, found, member, **held)
    messages.success(request, _("%(user)s no longer has that role.") % {"user": member.username}, "ok")
    return see_other(reverse("team", args=[found.name]))


def _person(username: str) -> User:
    user = User.objects.filter(username__iexact=username.strip()).first()
    if user is None:
        raise Invalid.at("/user", "does_not_exist", _("There is no user named %(name)s.") % {"name": username})
    return user
