"""What ran on a target."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from deployments.api.callers import caller
from deployments.models import Revision
from deployments.queries import revisions_of, target_of
from deployments.serializers import RevisionOut
from web.api import ApiViewSet
from web.errors import BadParameter

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

ENVIRONMENT = OpenApiParameter("environment", str, required=True)


class RevisionViewSet(ApiViewSet):
    """Revisions of one service in one environment, newest first. Secrets in their templates are masked."""

    serializer_class = RevisionOut
    ordering_fields = ("number", "finished_at")
    ordering = ("-number",)
    query_parameters = {"list": ["environment"]}

    def get_queryset(self) -> QuerySet[Revision]:
        environment = self.request.query_params.get("environment", "")
        if not environment:
            raise BadParameter(_("Say which environment: ?environment=prod."))
        return revisions_of(target_of(caller(self.request), self.kwargs["name"], environment))

    @extend_schema(operation_id="revisions_list", parameters=[ENVIRONMENT])
    def list(self, request: Request, name: str) -> Response:
        """What a rollback can go back to."""
        return self.paged(self.get_queryset())
