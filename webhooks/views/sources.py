"""Sources: the list with a form for another one, one with its deliveries, edit, rotate, remove, deliver again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from accounts.exchange.rules import robot_named
from accounts.permissions import may_in_any_team, require, why_not
from accounts.queries import robots_kept_by
from web.forms import refusals_on
from web.fragments import render_page, see_other
from web.paging import page_of
from webhooks import commands
from webhooks.forms import RotateForm, SourceForm, written
from webhooks.models import WebhookSource
from webhooks.queries import delivery_log, source_list


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def sources(request: SignedInRequest) -> HttpResponse:
    """All that the caller may see, and a form for a new one. A made secret is shown in this one answer."""
    form, made, secret = _form(request), None, ""
    may = may_in_any_team(request.user, "webhook_source.create")
    if request.method == "POST":
        if not may:
            require(request.user, "webhook_source.create", None)
        if form.is_valid():
            with refusals_on(form):
                robot = robot_named(request.user, form.cleaned_data["robot"])
                made, secret = commands.create_source(request.user, robot, **form.fields_given())
    context = {
        "page": page_of(source_list(request.user), request.GET.get("page")),
        "form": _form(request, is_fresh=True) if made else form,
        "secret": secret,
        "made": made,
        "address": _address(made) if made else "",
        "why_not": "" if may else why_not(request.user, "webhook_source.create", None),
    }
    return render_page(request, "webhooks/sources.html", context, status=201 if made else 422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def source(request: SignedInRequest, name: str) -> HttpResponse:
    """One source: what it told, and the form to edit it."""
    found = _found(request, name)
    form = _form(request, found)
    if request.method == "POST":
        require(request.user, "webhook_source.edit", found.team)
        if form.is_valid():
            with refusals_on(form):
                robot = robot_named(request.user, form.cleaned_data["robot"])
                commands.edit_source(request.user, found, robot=robot, **_kept_strategies(form.fields_given(), found))
            if form.is_valid():
                return see_other(found)
            found = _found(request, name)
    return _page(request, found, form=form)


@require_POST
@signed_in
def rotate(request: SignedInRequest, name: str) -> HttpResponse:
    """A new secret, shown in this one answer."""
    found, secret = _found(request, name), ""
    form = RotateForm(request.POST)
    if form.is_valid():
        with refusals_on(form):
            overlap = timedelta(seconds=int(form.cleaned_data["overlap"] or 0))
            secret = commands.rotate_source(request.user, found, overlap=overlap)
    return _page(request, found, secret=secret, rotate_form=None if secret else form)


@require_POST
@signed_in
def remove(request: SignedInRequest, name: str) -> HttpResponse:
    """Remove the source with its log."""
    commands.remove_source(request.user, _found(request, name))
    messages.success(request, _("The source %(name)s is gone.") % {"name": name})
    return see_other("webhooks:sources")


@require_POST
@signed_in
def again(request: SignedInRequest, name: str, delivery_id: UUID) -> HttpResponse:
    """Do what the rules of today make of a delivery."""
    found = _found(request, name)
    delivery = get_object_or_404(found.deliveries.select_related("source__team", "source__robot"), pk=delivery_id)
    made = commands.deliver_again(request.user, delivery)
    count = len(made.releases)
    messages.success(request, _("Delivered again: %(count)d releases.") % {"count": count}, "ok")
    return see_other(found)


def _found(request: SignedInRequest, name: str) -> WebhookSource:
    return get_object_or_404(source_list(request.user), name=name)


def _address(found: WebhookSource) -> str:
    """What the sender is to call."""
    return f"{settings.PUBLIC_URL}{reverse('api:webhook', args=[found.name])}"


def _page(
    request: SignedInRequest,
    found: WebhookSource,
    *,
    form: SourceForm | None = None,
    rotate_form: RotateForm | None = None,
    secret: str = "",
) -> HttpResponse:
    form = form or _form(request, found, is_fresh=True)
    context = {
        "source": found,
        "address": _address(found),
        "secret": secret,
        "form": form,
        "rotate_form": rotate_form or RotateForm(),
        "topic": f"webhook_source:{found.name}",
        "page": page_of(delivery_log(found), request.GET.get("page")),
        "why_not": why_not(request.user, "webhook_source.edit", found.team),
    }
    refused = bool(form.errors) or rotate_form is not None
    return render_page(request, "webhooks/source.html", context, status=422 if refused else 200)


def _kept_strategies(given: dict[str, Any], found: WebhookSource) -> dict[str, Any]:
    """A line says a strategy by its type only: one that was more than that, and was not changed, stays as it was."""
    whole = {
        (rule["match"], rule["service"], rule["environment"], rule["strategy"]["type"]): rule["strategy"]
        for rule in found.rules
        if isinstance(rule.get("strategy"), dict)
    }
    for rule in given["rules"]:
        key = (rule["match"], rule["service"], rule["environment"], rule.get("strategy"))
        if key in whole:
            rule["strategy"] = whole[key]
    return given


def _form(request: SignedInRequest, found: WebhookSource | None = None, *, is_fresh: bool = False) -> SourceForm:
    initial: dict[str, Any] | None = None
    if found is not None:
        initial = {"robot": found.robot.username, "rules": written(found.rules), "is_active": found.is_active}
        initial["kind"] = found.kind
    robots = [robot.username for robot in robots_kept_by(request.user, found.team if found else None)]
    data = request.POST if request.method == "POST" and not is_fresh else None
    form = SourceForm(data, initial=initial, robots=robots)
    if found is not None:
        del form.fields["name"]
    return form
