"""Home: the page that opens first."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import may, may_in_any_team
from accounts.queries import ending_soon
from audit.queries import broken_verification
from portal.overview import Overview, overview
from web.fragments import render_page

MOST_TOKENS = 6


@require_safe
@signed_in
def home(request: SignedInRequest) -> HttpResponse:
    """What is broken now, what waits for this person, what is being released, what changed lately."""
    seen = overview(request.user)
    return render_page(
        request,
        "home.html",
        {
            "home": seen,
            "headline": headline(seen),
            "ending": list(ending_soon(request.user)[:MOST_TOKENS]),
            "now": timezone.now(),
            "may_import": may_in_any_team(request.user, "service.import"),
            "verification": broken_verification() if request.user.is_admin else None,
            "may_register": may(request.user, "cluster.register", None),
        },
    )


def headline(seen: Overview) -> str:
    """The state of everything in one sentence; the worst first, and nothing is called well that is not seen."""
    if seen.broken:
        count = len(seen.broken)
        return ngettext("%(count)d thing needs attention", "%(count)d things need attention", count) % {"count": count}
    if seen.waiting:
        count = len(seen.waiting)
        return ngettext("%(count)d release waits for you", "%(count)d releases wait for you", count) % {"count": count}
    if seen.building:
        return _("A cluster is being built")
    if seen.unseen:
        count = len(seen.unseen)
        return ngettext("%(count)d cluster is not heard of", "%(count)d clusters are not heard of", count) % {
            "count": count
        }
    if seen.is_new:
        return _("Welcome to Slipway")
    if seen.under_way:
        count = len(seen.under_way)
        return ngettext("%(count)d release is under way", "%(count)d releases are under way", count) % {"count": count}
    return _("All is well")
