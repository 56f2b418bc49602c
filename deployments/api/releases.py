"""Start a release, plan one, and read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.response import Response

from deployments.api.callers import (
    MakesRelease,
    caller,
    release_accepted,
    release_answer,
    service_and_environment,
    visible_release,
)
from deployments.commands import edit_release
from deployments.commands.start import plan_for, start_release
from deployments.models import Release
from deployments.plan import Wish
from deployments.queries import FILTERS, ORDERINGS, SEARCHED, release_list
from deployments.serializers import PlanOut, ReleaseIn, ReleaseOut, ReleasePatch
from web.api import ApiViewSet
from web.etag import require_match
from web.filters import flag

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request

DRY_RUN = OpenApiParameter("dry_run", bool, description="Answer the plan and change nothing.")


@dataclass
class Edited:
    """A release's entity tag counts edits by people; its `version` counts ticks as well."""

    version: int


class ReleaseViewSet(MakesRelease, ApiViewSet):
    """Releases that the caller may see."""

    serializer_class = ReleaseOut
    filter_fields = FILTERS
    search_fields = SEARCHED
    ordering_fields = ORDERINGS
    ordering = ("-created_at",)
    query_parameters = {"create": ["dry_run"]}

    def get_queryset(self) -> QuerySet[Release]:
        return release_list(caller(self.request))

    @extend_schema(operation_id="releases_list")
    def list(self, request: Request) -> Response:
        """Newest first."""
        return self.paged(self.get_queryset())

    @extend_schema(operation_id="releases_retrieve")
    def retrieve(self, request: Request, release_id: UUID) -> Response:
        """One release."""
        return release_answer(request, visible_release(request, release_id))

    @extend_schema(operation_id="releases_edit", request=ReleasePatch, responses=ReleaseOut)
    def partial_update(self, request: Request, release_id: UUID) -> Response:
        """Change image, config or strategy while it is queued or waits to begin; voices that were given are void."""
        body = self.valid(ReleasePatch(data=request.data))
        release = visible_release(request, release_id)
        require_match(request, Edited(release.edits))
        return release_answer(request, edit_release(release, by=caller(request), **body))

    @extend_schema(
        operation_id="releases_create",
        parameters=[DRY_RUN],
        request=ReleaseIn,
        responses={202: ReleaseOut, 200: PlanOut},
    )
    def create(self, request: Request) -> Response:
        """Start a release (202), or with `dry_run=true` answer what it would do (200)."""
        body = self.valid(ReleaseIn(data=request.data))
        by = caller(request)
        service, environment = service_and_environment(by, body["service"], body["environment"])
        wish = _wish(body)
        if flag(request.query_params, "dry_run"):
            plan = plan_for(by, service=service, environment=environment, wish=wish)
            return Response(plan.to_json(), status=status.HTTP_200_OK)
        release = start_release(
            by,
            service=service,
            environment=environment,
            wish=wish,
            reason=body["reason"],
            commit=body["commit"],
            source_url=body["source_url"],
        )
        return release_accepted(request, release.pk)


def _wish(body: dict[str, Any]) -> Wish:
    return Wish(
        image=body.get("image", ""),
        images=body.get("images") or {},
        config=body["config"],
        strategy=body["strategy"],
        supersede=body["supersede"],
        version=body["version"],
    )
