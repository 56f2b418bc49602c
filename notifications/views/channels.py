"""Channels: the list with a form for another one, one with its log, edit, test, remove."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from accounts.models import Team
from accounts.permissions import may_in_any_team, team_names, why_not
from notifications import commands
from notifications.forms import ChannelForm
from notifications.models import Channel
from notifications.queries import channel_list, delivery_log
from web.forms import refusals_on
from web.fragments import render_page, see_other
from web.paging import page_of


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def channels(request: SignedInRequest) -> HttpResponse:
    """All that the caller may see, and a form for a new one. A made key is shown in this one answer."""
    form = _form(request)
    made = _made(request, form) if request.method == "POST" and form.is_valid() else None
    # A key that was typed is known; one that was made is shown in this one answer.
    is_new = made is not None and made.kind == Channel.Kind.WEBHOOK and not form.cleaned_data.get("key")
    if made is not None and not is_new:
        return see_other(made)
    key = made.secret["key"] if made is not None else ""
    may = may_in_any_team(request.user, "channel.create")
    context = {
        "page": page_of(channel_list(request.user), request.GET.get("page")),
        "form": _form(request, fresh=True) if key else form,
        "key": key,
        "made": made,
        "why_not": "" if may else why_not(request.user, "channel.create", None),
    }
    code = 201 if key else 422 if form.errors else 200
    return render_page(request, "notifications/channels.html", context, status=code)


def _made(request: SignedInRequest, form: ChannelForm) -> Channel | None:
    """The new channel, None after its refusal was put onto the form."""
    made: Channel | None = None
    with refusals_on(form):
        name = form.cleaned_data["team"]
        team = Team.objects.filter(name=name).first() if name else None
        made = commands.create_channel(request.user, team, **form.fields_given())
    return made  # noqa: RET504 - a refusal leaves the block before it is assigned


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def channel(request: SignedInRequest, channel_id: UUID) -> HttpResponse:
    """One channel: what it was told, and the form to edit it."""
    found = get_object_or_404(channel_list(request.user), pk=channel_id)
    form = _form(request, found)
    if request.method == "POST" and form.is_valid():
        with refusals_on(form):
            commands.edit_channel(request.user, found, **form.fields_given())
        if form.is_valid():
            return see_other(found)
    context = {
        "channel": found,
        "form": form,
        "topic": f"channel:{found.pk}",
        "page": page_of(delivery_log(found), request.GET.get("page")),
        "why_not": why_not(request.user, "channel.edit", found.team),
    }
    return render_page(request, "notifications/channel.html", context, status=422 if form.errors else 200)


@require_POST
@signed_in
def test(request: SignedInRequest, channel_id: UUID) -> HttpResponse:
    """Send a test message."""
    found = get_object_or_404(channel_list(request.user), pk=channel_id)
    commands.test_channel(request.user, found)
    messages.success(request, _("A test message is on its way; what comes of it stands below."))
    return see_other(found)


@require_POST
@signed_in
def remove(request: SignedInRequest, channel_id: UUID) -> HttpResponse:
    """Remove the channel with its log."""
    found = get_object_or_404(channel_list(request.user), pk=channel_id)
    commands.remove_channel(request.user, found)
    messages.success(request, _("The channel “%(name)s” is gone.") % {"name": found.name})
    return see_other("notifications:channels")


def _form(request: SignedInRequest, found: Channel | None = None, *, fresh: bool = False) -> ChannelForm:
    initial: dict[str, Any] | None = None
    if found is not None:
        named = {
            name: getattr(found, name) for name in ("name", "kind", "events", "is_active", "allow_private_address")
        }
        initial = {**named, "team": found.team.name if found.team else "", "to": ", ".join(found.to)}
    data = request.POST if request.method == "POST" and not fresh else None
    form = ChannelForm(data, initial=initial, teams=team_names(request.user), is_admin=request.user.is_admin)
    if found is not None:
        del form.fields["team"]
        del form.fields["kind"]
        for name in ("url", "key") if found.kind == Channel.Kind.EMAIL else ("to",):
            del form.fields[name]
        if found.kind == Channel.Kind.SLACK:
            del form.fields["key"]
    return form
