"""The answer at the end of a long poll. The waiting itself is done by deployments.wait, before Django."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status

from deployments.api.callers import release_answer, visible_release
from deployments.serializers import ReleaseOut
from deployments.wait import LONGEST_SECONDS, seconds_of
from web.api import ApiView
from web.errors import BadParameter

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request
    from rest_framework.response import Response

TIMEOUT = OpenApiParameter(
    "timeout",
    {"type": "integer", "minimum": 1, "maximum": LONGEST_SECONDS},
    description="Seconds to wait at most, 1 to 60; 30 when not given.",
)
FOR = OpenApiParameter("for", str, enum=["approval"], description="Answer also when an approval is waited for.")
ASK_AGAIN_SECONDS = "1"


class WaitView(ApiView):
    """How a release stands, at its end or when the time is up."""

    query_parameters = {"get": ["timeout", "for"]}
    tagged_by_edits = ("get",)

    @extend_schema(
        operation_id="releases_wait", parameters=[TIMEOUT, FOR], responses={200: ReleaseOut, 202: ReleaseOut}
    )
    def get(self, request: Request, release_id: UUID) -> Response:
        """200 when it has ended; 202 with Retry-After when it has not."""
        if seconds_of(request.query_params.get("timeout", "")) is None:
            raise BadParameter(_("timeout is a number of seconds from 1 to %(most)d.") % {"most": LONGEST_SECONDS})
        if request.query_params.get("for", "approval") != "approval":
            raise BadParameter(_("Wait for the end, or with for=approval also for an approval."))
        release = visible_release(request, release_id)
        if release.ended:
            return release_answer(request, release)
        response = release_answer(request, release, status.HTTP_202_ACCEPTED)
        response["Retry-After"] = ASK_AGAIN_SECONDS
        return response
