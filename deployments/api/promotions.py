"""Promotions: bring what runs in one environment to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema

from deployments.api.callers import MakesRelease, caller, release_accepted, service_and_environment
from deployments.commands import promote_service
from deployments.serializers import PromotionIn, ReleaseOut
from services.lookups import environment_named
from web.api import ApiView
from web.bodies import valid_body

if TYPE_CHECKING:
    from rest_framework.request import Request
    from rest_framework.response import Response


class PromotionsView(MakesRelease, ApiView):
    """Release to one environment what runs in another."""

    @extend_schema(operation_id="promotions_create", request=PromotionIn, responses={202: ReleaseOut})
    def post(self, request: Request) -> Response:
        """The same images, by digest where the pods report one. 409 when nothing runs there, or is being released."""
        asked, by = valid_body(PromotionIn, request), caller(request)
        service, to = service_and_environment(by, asked["service"], asked["to"])
        release = promote_service(
            by,
            service=service,
            origin=environment_named(asked["from"]),
            to=to,
            reason=asked["reason"],
            supersede=asked["supersede"],
        )
        return release_accepted(request, release.pk)
