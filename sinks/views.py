"""Audit sinks: the list with a form for another one, one of them with edit, test and remove."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import why_not
from sinks import commands
from sinks.forms import SinkForm
from sinks.models import AuditSink
from sinks.queries import sink_list
from web.forms import refusals_on
from web.fragments import render_page, see_other
from web.paging import page_of


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def sinks(request: SignedInRequest) -> HttpResponse:
    """All of them, and a form for a new one. Others than admins see none and read why."""
    form = SinkForm(request.POST if request.method == "POST" else None)
    made: AuditSink | None = None
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            made = commands.create_sink(request.user, **form.fields_given())
    if made is not None:
        return see_other(made)
    context = {
        "page": page_of(sink_list(request.user).order_by("name", "id"), request.GET.get("page")),
        "form": form,
        "why_not": why_not(request.user, "audit_sink.create", None),
    }
    return render_page(request, "sinks/sinks.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def sink(request: SignedInRequest, sink_id: UUID) -> HttpResponse:
    """One sink: how far it is, what went wrong last, and the form to edit it."""
    found = get_object_or_404(sink_list(request.user), pk=sink_id)
    named = {name: getattr(found, name) for name in ("name", "authority", "allow_private_address", "is_active")}
    form = SinkForm(request.POST if request.method == "POST" else None, initial=named)
    del form.fields["start"]
    # What is not typed stays.
    form.fields["address"].required = False
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            commands.edit_sink(request.user, found, **form.fields_given())
        if form.is_valid():
            return see_other(found)
        found = get_object_or_404(sink_list(request.user), pk=sink_id)
    context: dict[str, Any] = {
        "sink": found,
        "form": form,
        "why_not": why_not(request.user, "audit_sink.edit", None),
    }
    return render_page(request, "sinks/sink.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def test(request: SignedInRequest, sink_id: UUID) -> HttpResponse:
    """Send an entry that says it is a test."""
    found = get_object_or_404(sink_list(request.user), pk=sink_id)
    commands.test_sink(request.user, found)
    messages.success(request, _("An entry that says it is a test is on its way; what comes of it stands below."))
    return see_other(found)


@require_POST
@signed_in
def remove(request: SignedInRequest, sink_id: UUID) -> HttpResponse:
    """Send it nothing more."""
    found = get_object_or_404(sink_list(request.user), pk=sink_id)
    commands.remove_sink(request.user, found)
    messages.success(request, _("The audit sink “%(name)s” is gone.") % {"name": found.name})
    return see_other("sinks:sinks")
