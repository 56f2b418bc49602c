"""Robots of a team."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.commands.robots import create_robot, edit_robot, held_by, remove_robot, username_of, uses_of
from accounts.decorators import SignedInRequest, signed_in
from accounts.environments import environment_names
from accounts.models import Team, Token, User
from accounts.permissions import require, why_not
from accounts.queries import robot_role_choices, robots_of
from accounts.token_forms import RobotForm, TokenForm
from accounts.token_rules import longest_here
from accounts.views.tokens import made_token
from web.forms import refusals_on
from web.fragments import render_page, see_other
from web.paging import page_of

if TYPE_CHECKING:
    from django.http import HttpResponse


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def robots(request: SignedInRequest, name: str) -> HttpResponse:
    """The robots of a team, and a form for a new one."""
    team = _team(request, name)
    form = RobotForm(
        request.POST if request.method == "POST" else None, roles=robot_role_choices(), environments=environment_names()
    )
    if request.method == "POST":
        require(request.user, "robot.create", team)
        if form.is_valid():
            with refusals_on(form):
                create_robot(request.user, team, form.cleaned_data["name"], roles=form.wanted())
        if form.is_valid():
            return see_other(reverse("robot", args=[team.name, form.cleaned_data["name"]]))
    shown = {
        "team": team,
        "form": form,
        "page": page_of(robots_of(team), request.GET.get("page")),
        "why_not": why_not(request.user, "robot.create", team),
    }
    return render_page(request, "accounts/robots.html", shown, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def robot(request: SignedInRequest, name: str, robot: str) -> HttpResponse:
    """One robot: its roles and tokens. A POST makes a token, which is shown in this one answer."""
    found = _robot(request, name, robot)
    team = _team(request, name)
    if request.method == "POST":
        require(request.user, "robot.edit", team)
    form, raw = made_token(request, found, [])
    return _page(request, team, found, token_form=form, raw=raw)


@require_POST
@signed_in
def edit(request: SignedInRequest, name: str, robot: str) -> HttpResponse:
    """Other roles."""
    found, team = _robot(request, name, robot), _team(request, name)
    require(request.user, "robot.edit", team)
    form = RobotForm(request.POST, roles=robot_role_choices(held_by(found)), named=False)
    if form.is_valid():
        with refusals_on(form):
            edit_robot(request.user, found, roles=form.cleaned_data["roles"])
    if form.errors:
        return _page(request, team, _robot(request, name, robot), role_form=form)
    messages.success(request, _("The roles of %(robot)s are changed.") % {"robot": found.username}, "ok")
    return see_other(reverse("robot", args=[team.name, robot]))


@require_POST
@signed_in
def remove(request: SignedInRequest, name: str, robot: str) -> HttpResponse:
    """Take it out of use."""
    found = _robot(request, name, robot)
    remove_robot(request.user, found)
    messages.success(request, _("%(robot)s is out of use; its tokens have ended.") % {"robot": found.username}, "ok")
    return see_other(reverse("robots", args=[name]))


def _team(request: SignedInRequest, name: str) -> Team:
    return get_object_or_404(Team.objects.visible_to(request.user), name=name)


def _robot(request: SignedInRequest, name: str, robot: str) -> User:
    team = _team(request, name)
    found = robots_of(team).filter(username=username_of(team, robot)).first()
    if found is None:
        raise Http404
    return found


def _page(
    request: SignedInRequest,
    team: Team,
    found: User,
    *,
    token_form: TokenForm | None = None,
    role_form: RobotForm | None = None,
    raw: str = "",
) -> HttpResponse:
    held = held_by(found)
    tokens = Token.objects.visible_to(request.user).filter(user=found)
    shown = {
        "team": team,
        "robot": found,
        "name": found.short_name,
        "roles": held,
        "uses": uses_of(found),
        "raw": raw,
        "page": page_of(tokens, request.GET.get("page")),
        "form": token_form or TokenForm(),
        "role_form": role_form or RobotForm(initial={"roles": held}, roles=robot_role_choices(held), named=False),
        "longest": longest_here(),
        "why_not": why_not(request.user, "robot.edit", team),
    }
    refused = role_form is not None or (token_form is not None and bool(token_form.errors))
    return render_page(request, "accounts/robot.html", shown, status=201 if raw else 422 if refused else 200)
