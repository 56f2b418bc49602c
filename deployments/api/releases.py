"""Start a release, plan one, and read them."""

from __future__ import annotations

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
from deployments.listed import listed, narrow
from deployments.models import Release
from deployments.plan import Wish
from deployments.queries import FILTERS, ORDERINGS, SEARCHED
from deployments.serializers import PlanOut, ReleaseIn, ReleaseOut, ReleasePatch
from web.api import ApiViewSet
from web.etag import require_match
from web.filters import flag

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request

DRY_RUN = OpenApiParameter("dry_run", bool, description="Answer the plan and change nothing.")


class ReleaseViewSet(MakesRelease, ApiViewSet):
    """Releases that the caller may see."""

    serializer_class = ReleaseOut
    filter_fields = FILTERS
    search_fields = SEARCHED
    ordering_fields = ORDERINGS
    ordering = ("-created_at",)
    query_parameters = {"create": ["dry_run"]}

    def get_queryset(self) -> QuerySet[Release]:
        return Release.objects.visible_to(caller(self.request))

    def narrowed(self, rows: QuerySet[Release], ordered_by: str) -> Any:
        return narrow(rows, ordered_by)

    def shown(self, portion: Sequence[Any]) -> Sequence[Any]:
        return listed(portion, self.request.build_absolute_uri("/")[:-1])

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
        release = visible_release(request, release_id)
        require_match(request, f'"{release.edits}"')
        body = self.valid(ReleasePatch(data=request.data))
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
        wait=body["wait"],
        override=body["override"].strip(),
    )
