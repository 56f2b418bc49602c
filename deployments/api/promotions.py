"""Promotions: bring what runs in one environment to the next, one service or many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from deployments.api.callers import MakesRelease, caller, release_accepted, service_and_environment
from deployments.commands import abort_promotion, plan_promotion, promote_service, start_promotion
from deployments.models import Promotion
from deployments.promotion.matrix import matrix
from deployments.promotion.serializers import BulkPlanOut, MatrixRowOut, PromotionOut
from deployments.queries.promotions import (
    matrix_services,
    promotion_list,
    promotion_named,
    promotions_with_services,
    services_named,
    services_of_system,
)
from deployments.serializers import PromotionIn, ReasonIn, ReleaseOut
from durable.idempotency import IdempotentMixin
from services.lookups import environment_named
from services.models import Environment, Service
from web.api import ApiView, ApiViewSet, accepted
from web.bodies import valid_body
from web.filters import flag

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request

    from accounts.models import User

DRY_RUN = OpenApiParameter("dry_run", bool, description="Answer what would be released and change nothing.")


class PromotionsView(MakesRelease, ApiViewSet):
    """Release to one environment what runs in another."""

    serializer_class = PromotionOut
    ordering_fields = ("created_at",)
    ordering = ("-created_at",)
    query_parameters = {"create": ["dry_run"]}

    def get_queryset(self) -> QuerySet[Promotion]:
        return promotions_with_services(caller(self.request))

    @extend_schema(operation_id="promotions_list")
    def list(self, request: Request) -> Response:
        """Those of several services, newest first."""
        return self.paged(self.get_queryset())

    @extend_schema(operation_id="promotions_retrieve")
    def retrieve(self, request: Request, promotion_id: UUID) -> Response:
        """One of several services: how far each has come."""
        return Response(_answer(request, promotion_named(caller(request), promotion_id)))

    @extend_schema(
        operation_id="promotions_create",
        parameters=[DRY_RUN],
        request=PromotionIn,
        responses={202: ReleaseOut, 200: BulkPlanOut},
    )
    def create(self, request: Request) -> Response:
        """The same images, by digest where the pods report one. 409 when nothing runs there, or is being released.

        Of one service: 202 with its release. Of several services or a system: 202 with the promotion (as GET answers
        it), whose releases begin in waves, those that others depend on first. With `dry_run=true` 200 with what would
        be released and what not, without asking a cluster.
        """
        asked, by = valid_body(PromotionIn, request), caller(request)
        if "service" in asked and not flag(request.query_params, "dry_run"):
            return self._one(request, asked, by)
        # In the order of the body's meaning: what is unknown is told before anything is planned.
        services = self._services(asked, by)
        wish: dict[str, Any] = {
            "services": services,
            "origin": environment_named(asked["from"], pointer="/from"),
            "to": environment_named(asked["to"], pointer="/to"),
            "wait": asked["wait"],
            "override": asked["override"].strip(),
        }
        if flag(request.query_params, "dry_run"):
            return Response(plan_promotion(by, **wish).to_json())
        promotion = start_promotion(
            by,
            **wish,
            system=asked.get("system", ""),
            reason=asked["reason"],
            max_parallel=asked["max_parallel"],
        )
        return self._accepted(request, promotion)

    def _one(self, request: Request, asked: dict[str, Any], by: User) -> Response:
        service, to = service_and_environment(by, asked["service"], asked["to"])
        release = promote_service(
            by,
            service=service,
            origin=environment_named(asked["from"]),
            to=to,
            reason=asked["reason"],
            supersede=asked["supersede"],
            wait=asked["wait"],
            override=asked["override"].strip(),
        )
        return release_accepted(request, release.pk)

    def _services(self, asked: dict[str, Any], by: User) -> Sequence[Service]:
        if "system" in asked:
            return services_of_system(by, asked["system"])
        return services_named(by, asked.get("services") or [asked["service"]])

    def _accepted(self, request: Request, promotion: Promotion) -> Response:
        found = promotion_named(caller(request), promotion.pk)
        return accepted(_answer(request, found), reverse("api:promotion", args=[found.pk]))

    def answer_made(self, request: Request, made: UUID) -> Response:
        """A promotion of several, or the release of one."""
        promotion = promotion_list(caller(request)).filter(pk=made).first()
        return self._accepted(request, promotion) if promotion else release_accepted(request, made)


class AbortPromotionView(IdempotentMixin, ApiView):
    """Stop what has not begun."""

    @extend_schema(operation_id="promotions_abort", request=ReasonIn, responses={202: PromotionOut})
    def post(self, request: Request, promotion_id: UUID) -> Response:
        """Releases that are under way go on; abort them one by one. Idempotent; 409 once it has ended."""
        asked = valid_body(ReasonIn, request)
        promotion = promotion_named(caller(request), promotion_id)
        abort_promotion(promotion, by=caller(request), reason=asked["reason"])
        found = promotion_named(caller(request), promotion_id)
        return accepted(_answer(request, found), reverse("api:promotion", args=[found.pk]))


class MatrixView(ApiViewSet):
    """Which version runs where, and what is ahead."""

    serializer_class = MatrixRowOut
    ordering_fields = ("name",)
    ordering = ("name",)
    query_parameters: ClassVar = {"list": ("search", "team", "system", "ahead")}

    @extend_schema(
        operation_id="promotions_matrix",
        parameters=[
            *(OpenApiParameter(name, str) for name in ("search", "team", "system")),
            OpenApiParameter("ahead", bool, description="Only services that are ahead somewhere."),
        ],
    )
    def list(self, request: Request) -> Response:
        """Services by name, each with the environments in which it runs and the hop from each to the next."""
        given = {name: request.query_params.get(name, "") for name in ("search", "team", "system")}
        by = caller(request)
        services = matrix_services(by, **given, ahead=flag(request.query_params, "ahead"))
        portion = self.paginate_queryset(services) or []
        rows = matrix(by, portion, list(Environment.objects.all()))
        return self.get_paginated_response(self.get_serializer(rows, many=True).data)

    def get_queryset(self) -> QuerySet[Service]:
        return matrix_services(caller(self.request))


def _answer(request: Request, promotion: Promotion) -> Any:
    return PromotionOut(promotion, context={"request": request}).data
