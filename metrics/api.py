"""Metrics over REST: the golden signals of a service, and checked PromQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from clusters.models import Cluster
from metrics.golden import SIGNALS
from metrics.queries import promql, service_signals, target_in
from metrics.serializers import QueryOut, ServiceMetricsOut
from metrics.windows import window_between, window_for
from services.models import Service
from web.api import ApiView
from web.errors import BadParameter, Conflict

if TYPE_CHECKING:
    from rest_framework.request import Request

    from accounts.models import User

STEP = OpenApiParameter("step", str, description="Seconds between points, or 15s, 1m; at most 300 points come back.")


class ServiceMetrics(ApiView):
    """The golden signals of a service, with its releases as marks."""

    query_parameters = {"get": ("environment", "range", "step")}

    @extend_schema(
        operation_id="services_metrics",
        responses=ServiceMetricsOut,
        parameters=[
            OpenApiParameter("environment", str, description="Default: the last one in order that it runs in."),
            OpenApiParameter("range", str, description="How far back, as 15m, 1h (default), 6h, 24h; at most 31d."),
            STEP,
        ],
    )
    def get(self, request: Request, name: str) -> Response:
        given = request.query_params
        service = Service.objects.visible_to(cast("User", request.user)).filter(name=name).first()
        if service is None:
            raise Http404
        wanted = given.get("environment", "")
        target = target_in(service, wanted)
        if target is None:
            raise _runs_not_there(service, wanted)
        window = window_for(given.get("range", ""), given.get("step", ""))
        found = service_signals(target, window)
        body = {
            "service": service.name,
            "environment": target.environment.name,
            "cluster": target.cluster.name,
            "namespace": target.namespace,
            "workload": target.workload,
            "start": window.starts,
            "end": window.ends,
            "step": window.step,
            "as_of": found.answers.as_of,
            "no_data": found.answers.trouble or None,
            "signals": {
                one.name: {
                    "unit": one.unit,
                    "query": found.queries[one.name],
                    "result_type": "matrix",
                    "result": found.answers.by_name[one.name].series,
                    "no_data": found.no_data[one.name] or None,
                }
                for one in SIGNALS
            },
            "markers": [
                {key: getattr(one, key) for key in ("at", "kind", "release", "version", "status")}
                for one in found.markers
            ],
        }
        return Response(body)


class ClusterQuery(ApiView):
    """PromQL for a cluster's Prometheus, held to the namespaces that the caller's teams are granted."""

    query_parameters = {"get": ("query", "start", "end", "step")}

    @extend_schema(
        operation_id="clusters_query",
        responses=QueryOut,
        parameters=[
            OpenApiParameter("query", str, required=True, description="At most 500 signs."),
            OpenApiParameter("start", str, description="RFC 3339 or Unix seconds; default an hour before end."),
            OpenApiParameter("end", str, description="RFC 3339 or Unix seconds; default now."),
            STEP,
        ],
    )
    def get(self, request: Request, name: str) -> Response:
        given, by = request.query_params, cast("User", request.user)
        cluster = Cluster.objects.visible_to(by).filter(name=name).first()
        if cluster is None:
            raise Http404
        if not given.get("query", "").strip():
            raise BadParameter(_("Give the PromQL as the parameter “query”."))
        window = window_between(given.get("start", ""), given.get("end", ""), given.get("step", ""))
        sent, answer, at = promql(by, cluster, given["query"], window)
        body = {
            "query": sent,
            "start": window.starts,
            "end": window.ends,
            "step": window.step,
            "as_of": at,
            "result_type": "matrix",
            "result": answer.series,
            "left_out": answer.left_out,
        }
        return Response(body)


def _runs_not_there(service: Service, environment: str) -> BadParameter | Conflict:
    names = ", ".join(service.targets.values_list("environment__name", flat=True))
    if not names:
        return Conflict(_("Service %(name)s runs nowhere yet.") % {"name": service.name})
    return BadParameter(
        _("Service %(name)s does not run in “%(environment)s”. It runs in: %(names)s.")
        % {"name": service.name, "environment": environment[:63], "names": names}
    )
