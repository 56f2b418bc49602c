"""The catalog over REST. Each call is one command or one query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts.models import User
from durable.idempotency import IdempotentMixin
from services import commands
from services.lookups import cluster_named, team_named
from services.models import Environment, Service, Target
from services.queries import service_list, target_rows
from services.serializers import (
    EnvironmentSerializer,
    ImportSerializer,
    PlanSerializer,
    ServiceSerializer,
    TargetSerializer,
)
from web.api import ApiView, MadeByPost
from web.bodies import object_of
from web.errors import Invalid
from web.etag import etag
from web.filters import flag

if TYPE_CHECKING:
    from rest_framework.request import Request

LIST_FILTERS = ("search", "team", "environment", "lifecycle", "system", "tag", "health")
DRY_RUN = OpenApiParameter("dry_run", bool, description="Answer the plan and change nothing.")


def caller(request: Request) -> User:
    """The person who calls: every address here is behind authentication."""
    return cast("User", request.user)


class Environments(IdempotentMixin, MadeByPost):
    serializer_class = EnvironmentSerializer
    ordering_fields = ("order", "name", "created_at")
    ordering = ("order", "name")
    search_fields = ("name", "title")

    def get_queryset(self) -> Any:
        return Environment.objects.all()

    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    def create(self, request: Request) -> Response:
        environment = commands.create_environment(caller(request), **object_of(request, "name"))
        return self.made(environment)

    def location_of(self, obj: Environment) -> str:
        return reverse("api:environment", args=[obj])

    def retrieve(self, request: Request, name: str) -> Response:
        return self.answer(self.one(name=name))

    def partial_update(self, request: Request, name: str) -> Response:
        environment = self.matched(self.one(name=name))
        return self.answer(commands.edit_environment(caller(request), environment, **object_of(request)))

    def destroy(self, request: Request, name: str) -> Response:
        commands.remove_environment(caller(request), self.matched(self.one(name=name)))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Services(IdempotentMixin, MadeByPost):
    serializer_class = ServiceSerializer
    query_parameters = {"list": LIST_FILTERS}
    ordering_fields = ("name", "lifecycle", "system", "created_at")
    ordering = ("name",)

    def get_queryset(self) -> Any:
        return Service.objects.visible_to(caller(self.request)).select_related("team")

    @extend_schema(parameters=[OpenApiParameter(name, str) for name in LIST_FILTERS])
    def list(self, request: Request) -> Response:
        given = request.query_params
        return self.paged(service_list(caller(request), **{name: given.get(name, "") for name in LIST_FILTERS}))

    def create(self, request: Request) -> Response:
        fields = object_of(request, "name", "team")
        team = team_named(caller(request), fields.pop("team"))
        service = commands.create_service(caller(request), team, **fields)
        return self.made(service)

    def location_of(self, obj: Service) -> str:
        return reverse("api:service", args=[obj])

    def retrieve(self, request: Request, name: str) -> Response:
        return self.answer(self.one(name=name))

    def partial_update(self, request: Request, name: str) -> Response:
        service, fields = self.matched(self.one(name=name)), object_of(request)
        team = team_named(caller(request), fields.pop("team")) if "team" in fields else None
        return self.answer(commands.edit_service(caller(request), service, team=team, **fields))

    def destroy(self, request: Request, name: str) -> Response:
        commands.remove_service(caller(request), self.matched(self.one(name=name)))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Targets(IdempotentMixin, MadeByPost):
    """The places a service runs in, addressed by environment."""

    serializer_class = TargetSerializer
    ordering = ("environment__order", "environment__name")

    def get_queryset(self) -> Any:
        return Target.objects.filter(service=self._service()).select_related("service__team", "environment", "cluster")

    def list(self, request: Request, name: str) -> Response:
        portion = self.paginate_queryset(self.get_queryset()) or []
        return self.get_paginated_response(self.get_serializer(target_rows(list(portion)), many=True).data)

    def create(self, request: Request, name: str) -> Response:
        fields = object_of(request, "environment", "cluster", "namespace", "workload")
        target = commands.create_target(caller(request), self._service(), **fields)
        return self.made(target)

    def location_of(self, obj: Target) -> str:
        return reverse("api:target", args=[obj.service.name, obj.environment])

    def answer(self, obj: Any, code: int = status.HTTP_200_OK, **headers: str) -> Response:
        headers["ETag"] = etag(obj)
        return Response(self.get_serializer(target_rows([obj])[0]).data, status=code, headers=headers)

    def retrieve(self, request: Request, name: str, environment: str) -> Response:
        return self.answer(self.one(environment__name=environment))

    def partial_update(self, request: Request, name: str, environment: str) -> Response:
        target = self.matched(self.one(environment__name=environment))
        return self.answer(commands.edit_target(caller(request), target, **object_of(request)))

    def destroy(self, request: Request, name: str, environment: str) -> Response:
        commands.remove_target(caller(request), self.matched(self.one(environment__name=environment)))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _service(self) -> Service:
        visible = Service.objects.visible_to(caller(self.request)).select_related("team")
        service = visible.filter(name=self.kwargs["name"]).first()
        if service is None:
            raise Http404
        return service


class ImportServices(IdempotentMixin, ApiView):
    """Takes services into the catalog from a catalog-info.yaml or from what runs on a cluster."""

    query_parameters = {"post": ("dry_run",)}

    @extend_schema(request=ImportSerializer, responses=PlanSerializer, parameters=[DRY_RUN])
    def post(self, request: Request) -> Response:
        body, dry_run = object_of(request), flag(request.query_params, "dry_run")
        if "location" in body:
            raise Invalid.at(
                "/location", "not_fetched", _("Addresses are not fetched. Send the text of the file as `yaml`.")
            )
        if ("yaml" in body) == ("cluster" in body):
            raise Invalid.at("", "one_of", _("Send either `yaml`, or `cluster` with or without `namespace`."))
        for field, value in body.items():
            if field not in {"yaml", "cluster", "namespace"} or not isinstance(value, str):
                raise Invalid.at(f"/{field}", "type", _("There is no such field, or it is no text."))
        if "yaml" in body:
            plan = commands.import_yaml(caller(request), body["yaml"], dry_run=dry_run)
        else:
            cluster = cluster_named(caller(request), body["cluster"])
            plan = commands.import_live(caller(request), cluster, body.get("namespace", ""), dry_run=dry_run)
        return Response(plan.described())
