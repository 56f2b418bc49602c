"""Declared against observed, and what releases left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from deployments.api.callers import caller
from deployments.commands import settle_orphans
from deployments.queries import targets_of
from deployments.queries.drift import drift_of
from deployments.queries.revisions import target_of
from deployments.serializers import DriftOut, OrphansIn, OrphansOut
from durable.idempotency import IdempotentMixin
from web.api import ApiView, accepted
from web.bodies import valid_body

if TYPE_CHECKING:
    from rest_framework.request import Request

ENVIRONMENT = OpenApiParameter("environment", str, description="Only this environment; default all of the service's.")


class DriftView(ApiView):
    """What runs against what was released, by what the watcher saw last."""

    query_parameters = {"get": ["environment"]}

    @extend_schema(operation_id="drift_retrieve", parameters=[ENVIRONMENT], responses=DriftOut)
    def get(self, request: Request, name: str) -> Response:
        """Differences of each target, and the orphans: objects that carry the claim of a release that runs no more."""
        environment = request.query_params.get("environment", "")
        by = caller(request)
        targets = [target_of(by, name, environment)] if environment else targets_of(by, name)
        return Response(DriftOut(drift_of(targets)).data)


class OrphansView(IdempotentMixin, ApiView):
    """Settle the orphans of one environment."""

    @extend_schema(operation_id="orphans_settle", request=OrphansIn, responses={202: OrphansOut})
    def post(self, request: Request, name: str) -> Response:
        """`clean` brings the old version back where a workload is held in place, `continue` lets the new one go on."""
        by = caller(request)
        targets_of(by, name)  # A hidden service is not there, whatever is asked of it.
        asked = valid_body(OrphansIn, request)
        target = target_of(by, name, asked["environment"])
        settled = settle_orphans(target, by=by, action=asked["action"])
        address = f"{reverse('api:drift', args=[name])}?environment={target.environment.name}"
        return accepted(OrphansOut({"settled": settled}).data, address)
