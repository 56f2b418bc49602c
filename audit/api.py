"""The audit log over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from accounts.queries import audited_team_names
from audit import chain, queries
from audit.export import line_of
from audit.serializers import EntryOut, VerdictOut
from web.api import ApiView, ApiViewSet
from web.errors import NotPermitted
from web.json_lines import MEDIA_TYPE, JsonLines, lines_of

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.http import HttpResponseBase
    from rest_framework.request import Request

    from audit.models import Entry


class JsonLinesRenderer(JSONRenderer):
    """Lets `Accept: application/x-ndjson` through to the view, which streams; what is refused is plain JSON."""

    media_type = MEDIA_TYPE
    format = "jsonl"


class EntryViewSet(ApiViewSet):
    """Who did what. Admins read everything, others their own acts and those on things of teams they maintain."""

    serializer_class = EntryOut
    renderer_classes = (*ApiViewSet.renderer_classes, JsonLinesRenderer)
    filter_fields = queries.FILTERS
    search_fields = queries.SEARCHED
    ordering_fields = ("at", "id")
    ordering = ("-at", "-id")

    def get_queryset(self) -> QuerySet[Entry]:
        user = cast("Any", self.request.user)
        return queries.entries(user.pk, is_admin=user.is_admin, teams=audited_team_names(user))

    @extend_schema(
        responses={
            (200, "application/json"): EntryOut(many=True),
            (200, MEDIA_TYPE): OpenApiResponse(OpenApiTypes.STR, "Every entry that fits, one a line, oldest first."),
        }
    )
    def list(self, request: Request) -> HttpResponseBase:
        """As JSON in portions; with `Accept: application/x-ndjson` all of it as lines that prove themselves."""
        if getattr(request.accepted_renderer, "format", "") == JsonLinesRenderer.format:
            return JsonLines("audit", lines_of(self.filter_queryset(self.get_queryset()), line_of))
        return self.paged(self.get_queryset())


class VerifyView(ApiView):
    """Whether the log is what was written."""

    @extend_schema(operation_id="audit_verify", responses=VerdictOut)
    def get(self, request: Request) -> Response:
        if not cast("Any", request.user).is_admin:
            raise NotPermitted(_("Checking the whole log is for admins."), granted_by=_("an admin"))
        return Response(VerdictOut(chain.verify().as_json()).data)
