"""The audit log over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.queries import audited_team_names
from audit import chain, queries
from audit.serializers import EntryOut, VerdictOut
from web.api import ApiView, ApiViewSet
from web.errors import NotPermitted

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

    from audit.models import Entry


class EntryViewSet(ApiViewSet):
    """Who did what. Admins read everything, others their own acts and those on things of teams they maintain."""

    serializer_class = EntryOut
    filter_fields = queries.FILTERS
    search_fields = queries.SEARCHED
    ordering_fields = ("id",)
    ordering = ("-id",)

    def get_queryset(self) -> QuerySet[Entry]:
        user = cast("Any", self.request.user)
        return queries.entries(user.pk, is_admin=user.is_admin, teams=audited_team_names(user))

    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())


class VerifyView(ApiView):
    """Whether the log is what was written."""

    @extend_schema(operation_id="audit_verify", responses=VerdictOut)
    def get(self, request: Request) -> Response:
        if not cast("Any", request.user).is_admin:
            raise NotPermitted(_("Checking the whole log is for admins."), granted_by=_("an admin"))
        return Response(VerdictOut(chain.verify().as_json()).data)
