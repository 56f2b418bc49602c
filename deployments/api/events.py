"""The timeline as a list; as a stream it is deployments.stream, which answers before Django does."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from deployments.api.callers import visible_release
from deployments.facts import event_facts
from deployments.queries import events_after
from deployments.serializers import EventOut
from web.api import ApiView
from web.errors import BadParameter
from web.paging import DEFAULT_LIMIT, MAX_LIMIT

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

AFTER = OpenApiParameter("after", int, description="Only events numbered above this.")
LIMIT = OpenApiParameter("limit", int, description="How many at most, 1 to 200.")


class EventsView(ApiView):
    """What happened to a release, in order."""

    query_parameters = {"get": ["after", "limit"]}

    @extend_schema(operation_id="releases_events", parameters=[AFTER, LIMIT], responses=EventOut(many=True))
    def get(self, request: Request, release_id: UUID) -> Response:
        """`Accept: text/event-stream` streams them instead, `Last-Event-ID` resumes."""
        release = visible_release(request, release_id)
        after = number(request, "after", default=0, most=2**31 - 1)
        limit = number(request, "limit", default=DEFAULT_LIMIT, most=MAX_LIMIT)
        events = list(events_after(release, after)[: limit + 1])
        following = events[limit - 1].seq if len(events) > limit else None
        path = reverse("api:release_events", args=[release.pk])
        query = urlencode({"after": following, "limit": limit})
        return Response(
            {
                "results": [event_facts(event) for event in events[:limit]],
                "next": request.build_absolute_uri(f"{path}?{query}") if following else None,
                "previous": None,
                "count": release.event_seq,
            }
        )


def number(request: Request, name: str, *, default: int, most: int) -> int:
    """A whole number from 0 (from 1 for a limit) up to `most` in the query. Raises BadParameter."""
    text = request.query_params.get(name, "")
    least = 1 if name == "limit" else 0
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and least <= int(text[:12]) <= most):
        raise BadParameter(
            _("%(name)s is a number from %(least)d to %(most)d.") % {"name": name, "least": least, "most": most}
        )
    return int(text)
