"""Changing a release that has not begun."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import why_not
from deployments.commands import edit_release
from deployments.edit_form import EditForm
from deployments.queries import release_named
from deployments.verbs import is_editable
from web.errors import Conflict, Invalid, PreconditionFailed
from web.fragments import render_page, see_other


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def edit(request: SignedInRequest, release_id: UUID) -> HttpResponse:
    """The form; a POST plans the release anew with what was typed, and voids the voices that were given."""
    release = release_named(request.user, release_id)
    form = EditForm(release, request.POST or None)
    status = 200
    if request.method == "POST" and form.is_valid():
        # As the person saw it: what somebody else changed since is not overwritten.
        release.edits = form.cleaned_data["edits"] or release.edits
        try:
            return see_other(edit_release(release, by=request.user, **form.wish()))
        except (Conflict, Invalid, PreconditionFailed) as error:
            form.put_errors(error)
            status = error.status
    forbidden = why_not(request.user, "release.edit", release.team, release.target.environment.name)
    if not forbidden and not is_editable(release):
        forbidden = _("It has begun: abort it and start another one.")
    context = {
        "release": release,
        "target": release.target,
        "form": form,
        "why_not": forbidden,
        "number_label": _("Release #%(number)d") % {"number": release.number},
    }
    if form.errors and status < 400:
        status = 422
    return render_page(request, "deployments/edit.html", context, status=status)
