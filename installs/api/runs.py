"""Checks, runs and logs of an install, as lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from installs.api.installs import caller
from installs.junit import junit
from installs.models import InstallRun
from installs.plain import result_of
from installs.queries import event_facts, events_after, install_for, runs_of
from installs.serializers import (
    InstallCheckOut,
    InstallEventOut,
    InstallLineOut,
    InstallRunOut,
    InstallRunWithStepsOut,
)
from web.api import ApiView, ApiViewSet
from web.errors import BadParameter
from web.paging import DEFAULT_LIMIT, MAX_LIMIT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from rest_framework.request import Request

    from installs.models import Install

_JUNIT = OpenApiParameter("format", str, enum=["json", "junit"], description="`junit` answers JUnit XML.")
_AFTER = OpenApiParameter("after", int, description="Only events numbered above this.")
_LIMIT = OpenApiParameter("limit", int, description="How many at most, 1 to 200.")


class OfInstall(ApiViewSet):
    """A list below one install."""

    def install(self) -> Install:
        """The install of the address. Raises NotFound."""
        return install_for(caller(self.request), self.kwargs["pk"])


class Checks(OfInstall):
    """The results of the checks as they were last judged."""

    serializer_class = InstallCheckOut
    filter_fields: ClassVar = {"host": "host", "check": "check_name", "status": "status", "severity": "severity"}
    ordering_fields = ("host", "check_name", "id")
    ordering = ("id",)

    query_parameters: ClassVar[Mapping[str, Sequence[str]]] = {"list": ("format",)}

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """JUnit is asked for by `format`, whatever the caller says it accepts."""
        return super().perform_content_negotiation(request, force=True)

    def get_queryset(self) -> Any:
        return self.install().checks.select_related("acknowledged_by")

    @extend_schema(operation_id="installs_checks", parameters=[_JUNIT])
    def list(self, request: Request, pk: Any) -> Any:
        form = request.query_params.get("format") or "json"
        if form not in ("json", "junit"):
            raise BadParameter(_("format is json or junit."))
        if form == "json":
            return self.paged(self.get_queryset())
        install = self.install()
        rows = self.filter_queryset(self.get_queryset())
        text = junit(install.name, [result_of(row) for row in rows])
        return HttpResponse(text, content_type="application/xml; charset=utf-8")


class Runs(OfInstall):
    """What was asked of an install, newest first."""

    serializer_class = InstallRunOut
    filter_fields: ClassVar = {"kind": "kind", "state": "state"}
    ordering_fields = ("created_at",)
    ordering = ("-created_at",)

    def get_queryset(self) -> Any:
        return runs_of(self.install())

    @extend_schema(operation_id="installs_runs")
    def list(self, request: Request, pk: Any) -> Response:
        return self.paged(self.get_queryset())

    @extend_schema(operation_id="installs_run", responses=InstallRunWithStepsOut)
    def retrieve(self, request: Request, pk: Any, run: Any) -> Response:
        """One run with its steps."""
        return Response(InstallRunWithStepsOut(self.one(pk=run)).data)


class RunLog(OfInstall):
    """The log of a run, line by line."""

    serializer_class = InstallLineOut
    filter_fields: ClassVar = {"host": "host", "step": "step"}
    ordering_fields = ("number",)
    ordering = ("number",)

    def get_queryset(self) -> Any:
        return InstallRun.objects.filter(install=self.install())

    @extend_schema(operation_id="installs_run_log")
    def list(self, request: Request, pk: Any, run: Any) -> Response:
        return self.paged(self.one(pk=run).lines.all())


class EventsView(ApiView):
    """What happened to an install, over all its runs, in order."""

    query_parameters = {"get": ["after", "limit"]}

    @extend_schema(operation_id="installs_events", parameters=[_AFTER, _LIMIT], responses=InstallEventOut(many=True))
    def get(self, request: Request, pk: UUID) -> Response:
        """`Accept: text/event-stream` streams them instead, `Last-Event-ID` resumes."""
        install = install_for(caller(request), pk)
        after = _number(request, "after", default=0, most=2**63 - 1)
        limit = _number(request, "limit", default=DEFAULT_LIMIT, most=MAX_LIMIT)
        lines = list(events_after(install, after)[: limit + 1])
        following = lines[limit - 1].pk if len(lines) > limit else None
        query = urlencode({"after": following, "limit": limit})
        address = f"{reverse('api:install_events', args=[install.pk])}?{query}"
        return Response(
            {
                "results": [event_facts(line) for line in lines[:limit]],
                "next": request.build_absolute_uri(address) if following else None,
                "previous": None,
                "count": len(lines[:limit]),
            }
        )


def _number(request: Request, name: str, *, default: int, most: int) -> int:
    """A whole number of the query. Raises BadParameter."""
    text = request.query_params.get(name, "")
    least = 1 if name == "limit" else 0
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and least <= int(text[:20]) <= most):
        raise BadParameter(
            _("%(name)s is a number from %(least)d to %(most)d.") % {"name": name, "least": least, "most": most}
        )
    return int(text)
