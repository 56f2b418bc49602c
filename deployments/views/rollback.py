"""Rolling back: the revisions there are, what going back to one would change, and the button that does it."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import why_not
from deployments.commands import rollback_release
from deployments.confirming import asks_for_word, wrong_word
from deployments.models import Release, Revision
from deployments.named_objects import changed_objects
from deployments.once import new_token, start_once
from deployments.queries import active_release_of, revisions_of, targets_of
from deployments.switches import between_environments
from deployments.template_diff import template_diff
from services.models import Target
from web.errors import Conflict, Invalid, NotFound, SlipwayError
from web.fragments import render_page, see_other

MOST_SHOWN = 50


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def rollback(request: SignedInRequest, service: str) -> HttpResponse:
    """GET `?environment=&to=`: the choice; POST with the same names: the rollback."""
    given = request.POST if request.method == "POST" else request.GET
    targets = targets_of(request.user, service)
    target = _chosen(targets, given.get("environment", ""), service)
    revisions = list(revisions_of(target)[:MOST_SHOWN])
    to = _numbered(revisions, given.get("to", ""))
    if request.method != "POST":
        return _show(request, targets, target, revisions, to)
    if to is None:
        refusal = Invalid.at("/to", "no_such_revision", _("Choose one of the revisions."))
        return _show(request, targets, target, revisions, to, refusal)
    if wrong := wrong_word(target, given.get("confirm", "")):
        return _show(request, targets, target, revisions, to, wrong)

    def start() -> Release:
        return rollback_release(
            request.user,
            service=target.service,
            environment=target.environment,
            to_revision=to.number,
            reason=given.get("reason", "").strip()[:2000],
            supersede="supersede" in given,
        )

    try:
        return see_other(start_once(request.user, request.POST, request.path, start))
    except (Conflict, Invalid) as refusal:
        return _show(request, targets, target, revisions, to, refusal)


def _show(
    request: SignedInRequest,
    targets: list[Target],
    target: Target,
    revisions: list[Revision],
    to: Revision | None,
    refusal: SlipwayError | None = None,
) -> HttpResponse:
    newest = revisions[0] if revisions else None
    address = reverse("deployments:rollback", args=[target.service.name])
    context = {
        "service": target.service,
        "target": target,
        "switch": between_environments(target, targets, "deployments:rollback"),
        "places": [
            (one.environment.name, f"{address}?{urlencode({'environment': one.environment.name})}") for one in targets
        ],
        "revisions": revisions,
        "newest": newest,
        "chosen": to,
        "changed": _changed(target, to),
        "diff": template_diff(newest.template, to.template) if newest and to else "",
        "refusal": refusal,
        "active": active_release_of(target.pk),
        "typed": {"reason": request.POST.get("reason", ""), "supersede": "supersede" in request.POST},
        "needs_word": asks_for_word(target),
        "token": new_token(),
        "why_not": why_not(request.user, "release.rollback", target.team, target.environment.name),
        "label": _label(target, to) if to else "",
    }
    return render_page(request, "deployments/rollback.html", context, status=refusal.status if refusal else 200)


def _changed(target: Target, to: Revision | None) -> list[str]:
    """Objects that the revision names and that hold something else by now; a silent cluster can't tell."""
    return changed_objects(target, to.template, to.contents) if to and to.contents else []


def _label(target: Target, to: Revision) -> str:
    return _("Roll back %(service)s in %(environment)s to revision %(number)d (%(version)s)") % {
        "service": target.service.name,
        "environment": target.environment.name,
        "number": to.number,
        "version": to.label,
    }


def _chosen(targets: list[Target], environment: str, service: str) -> Target:
    if not targets:
        raise NotFound(_("Service “%(name)s” runs nowhere yet, so there is nothing to go back to.") % {"name": service})
    if not environment:
        return targets[-1]
    for target in targets:
        if target.environment.name == environment:
            return target
    known = ", ".join(target.environment.name for target in targets)
    raise NotFound(
        _("Service “%(name)s” has no target in “%(environment)s”. It has: %(known)s.")
        % {"name": service, "environment": environment, "known": known}
    )


def _numbered(revisions: list[Revision], text: str) -> Revision | None:
    """The revision of that number; without a number the one before the newest."""
    if not text:
        return revisions[1] if len(revisions) > 1 else None
    return next((one for one in revisions if str(one.number) == text), None)
