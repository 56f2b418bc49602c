"""Clusters and grants over REST. Each call is one command or one query."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts.models import Team, User
from accounts.permissions import require
from clusters import queries
from clusters.access_manifest import FEATURES, access_manifest
from clusters.commands.edit import edit_cluster
from clusters.commands.grant import create_grant, remove_grant
from clusters.commands.guard import install_guard, remove_guard
from clusters.commands.refresh import refresh_cluster
from clusters.commands.register import check_cluster, register_cluster
from clusters.commands.remove import remove_cluster
from clusters.commands.rotate import rotate_credentials
from clusters.commands.source import Source
from clusters.grants import namespaces_for
from clusters.models import Cluster, Grant
from clusters.portions import portion
from clusters.serializers import (
    ClusterChecked,
    ClusterEdit,
    ClusterIn,
    ClusterOut,
    ClusterRegistered,
    GrantIn,
    GrantOut,
    HealthOut,
    ObservedOut,
    SourceIn,
)
from durable.idempotency import IdempotentMixin
from web.api import ApiViewSet, MadeByPost, accepted
from web.errors import BadParameter, Invalid, NotPermitted
from web.etag import etag
from web.filters import flag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from django.db.models import QuerySet
    from rest_framework.request import Request

    from clusters.commands.check import StepResult

_PORTION = ("limit", "cursor")
_NAMESPACE = OpenApiParameter("namespace", str, description="All that the caller may see when it is absent.")
_PORTIONED = [
    OpenApiParameter("limit", int, description="1 to 200, default 50."),
    OpenApiParameter("cursor", str, description="From the links next and previous."),
]
_SOURCE = tuple(field.name for field in fields(Source))


def caller(request: Request) -> User:
    """The person who calls: every address here is behind authentication."""
    return cast("User", request.user)


class ClusterViewSet(IdempotentMixin, MadeByPost):
    """Clusters: all to admins, to others those that one of their teams holds a grant on."""

    serializer_class = ClusterOut
    lookup_field = "name"
    search_fields = ("name", "title", "api_url")
    filter_fields = {"status": "status", "environment": "environment"}
    ordering_fields = ("name", "created_at", "status")
    ordering = ("name",)
    query_parameters: ClassVar[Mapping[str, Sequence[str]]] = {
        "create": ("dry_run",),
        "access_manifest": ("features", "guard"),
        "namespaces": _PORTION,
        "nodes": _PORTION,
        "workloads": ("namespace", *_PORTION),
        "events": ("namespace", *_PORTION),
    }

    def get_queryset(self) -> QuerySet[Cluster]:
        return Cluster.objects.visible_to(caller(self.request)).select_related("created_by")

    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    def retrieve(self, request: Request, name: str) -> Response:
        return self.answer(self._cluster(name))

    @extend_schema(
        request=ClusterIn,
        responses={201: ClusterRegistered, 200: ClusterChecked},
        parameters=[OpenApiParameter("dry_run", bool, description="Check, and save nothing.")],
    )
    def create(self, request: Request) -> Response:
        require(caller(request), "cluster.register", None)
        body = self.valid(ClusterIn(data=request.data))
        name, source = body.pop("name"), _source(body)
        if flag(request.query_params, "dry_run"):
            check = check_cluster(caller(request), name, source)
            if check.facts is None:
                raise check.refusal or Invalid(_("The check did not finish."))
            facts = check.facts
            found = {"name": name, "api_url": check.api_url, "version": facts.kubernetes_version, "uid": facts.uid}
            return Response({**found, "capabilities": facts.capabilities, "steps": _shown(check.steps)})
        values = {key: value for key, value in body.items() if key not in _SOURCE}
        cluster, steps = register_cluster(caller(request), name, source, **values)
        headers = {"Location": self.location_of(cluster), "ETag": etag(cluster)}
        return Response(_registered(cluster, steps), status=status.HTTP_201_CREATED, headers=headers)

    def location_of(self, obj: Cluster) -> str:
        return reverse("api:cluster", args=[obj.name])

    @extend_schema(request=ClusterEdit, responses=ClusterOut)
    def partial_update(self, request: Request, name: str) -> Response:
        cluster = self._cluster(name)
        require(caller(request), "cluster.edit", None)
        self.matched(cluster)
        _refuse_connection_fields(request.data)
        return self.answer(edit_cluster(caller(request), cluster, **self.valid(ClusterEdit(data=request.data))))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        cluster = self._cluster(name)
        require(caller(request), "cluster.remove", None)
        remove_cluster(caller(request), self.matched(cluster))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={202: ClusterOut})
    def refresh(self, request: Request, name: str) -> Response:
        cluster = refresh_cluster(caller(request), self._cluster(name))
        return accepted(ClusterOut(cluster).data, reverse("api:cluster", args=[cluster.name]))

    @extend_schema(methods=["PUT"], request=None, responses=ClusterOut)
    @extend_schema(methods=["DELETE"], responses=ClusterOut)
    def guard(self, request: Request, name: str) -> Response:
        """PUT installs the admission policy that guards releases in place, DELETE removes it. Both are idempotent."""
        command = install_guard if request.method == "PUT" else remove_guard
        return self.answer(command(caller(request), self.matched(self._cluster(name))))

    @extend_schema(request=SourceIn, responses=ClusterRegistered)
    def credentials(self, request: Request, name: str) -> Response:
        cluster = self._cluster(name)
        require(caller(request), "cluster.rotate", None)
        self.matched(cluster)
        source = _source(self.valid(SourceIn(data=request.data)))
        cluster, steps = rotate_credentials(caller(request), cluster, source)
        return Response(_registered(cluster, steps), headers={"ETag": etag(cluster)})

    @extend_schema(responses=HealthOut)
    def health(self, request: Request, name: str) -> Response:
        return Response(queries.health(self._cluster(name)))

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def info(self, request: Request, name: str) -> Response:
        return Response(queries.info(self._cluster(name)))

    @extend_schema(responses=ObservedOut, filters=False, parameters=_PORTIONED)
    def nodes(self, request: Request, name: str) -> Response:
        return portion(request, lambda limit, offset: queries.nodes(self._cluster(name)))

    @extend_schema(responses=ObservedOut, filters=False, parameters=_PORTIONED)
    def namespaces(self, request: Request, name: str) -> Response:
        cluster = self._cluster(name)
        only = namespaces_for(caller(request), cluster)
        return portion(request, lambda limit, offset: queries.namespaces(cluster, only=only))

    @extend_schema(responses=ObservedOut, filters=False, parameters=[_NAMESPACE, *_PORTIONED])
    def workloads(self, request: Request, name: str) -> Response:
        cluster, namespace, only = self._within(request, name)
        return portion(
            request,
            lambda limit, offset: queries.workloads(cluster, namespace, only=only, limit=limit, offset=offset),
        )

    @extend_schema(responses=ObservedOut, filters=False, parameters=[_NAMESPACE, *_PORTIONED])
    def events(self, request: Request, name: str) -> Response:
        cluster, namespace, only = self._within(request, name)
        return portion(
            request,
            lambda limit, offset: queries.events(cluster, namespace, only=only, limit=limit, offset=offset),
        )

    @extend_schema(
        responses={(200, "application/yaml"): OpenApiTypes.STR},
        filters=False,
        parameters=[
            OpenApiParameter("features", str, description=f"Comma separated, of {', '.join(FEATURES)}; default all."),
            OpenApiParameter("guard", bool, description="Add the admission policy that guards releases in place."),
        ],
    )
    def access_manifest(self, request: Request, name: str) -> HttpResponse:
        self._cluster(name)
        features = [part for part in request.query_params.get("features", "").split(",") if part] or list(FEATURES)
        for feature in features:
            if feature not in FEATURES:
                offered = ", ".join(FEATURES)
                raise BadParameter(
                    _("There is no feature “%(name)s”. These are offered: %(offered)s.")
                    % {"name": feature[:60], "offered": offered}
                )
        text = access_manifest(features, with_guard=flag(request.query_params, "guard"))
        return HttpResponse(text, content_type="application/yaml; charset=utf-8")

    def _cluster(self, name: str) -> Cluster:
        return cast("Cluster", self.one(name=name))

    def _within(self, request: Request, name: str) -> tuple[Cluster, str, set[str] | None]:
        cluster = self._cluster(name)
        namespace = request.query_params.get("namespace", "")
        only = namespaces_for(caller(request), cluster)
        if namespace and only is not None and namespace not in only:
            raise NotPermitted(
                _("None of your teams has a grant for namespace %(namespace)s on cluster %(cluster)s.")
                % {"namespace": namespace[:63], "cluster": cluster.name},
                permission="cluster.view",
                granted_by=_("an admin"),
                next=_("Ask an admin to grant the namespace to your team."),
            )
        return cluster, namespace, only


class GrantViewSet(IdempotentMixin, ApiViewSet):
    """Which team may use which namespaces. Changed by admins, seen by the team."""

    serializer_class = GrantOut
    filter_fields = {"team": "team__name", "cluster": "cluster__name"}
    ordering_fields = ("created_at",)
    ordering = ("created_at",)

    def get_queryset(self) -> QuerySet[Grant]:
        return Grant.objects.visible_to(caller(self.request)).select_related("team", "cluster")

    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    def retrieve(self, request: Request, pk: Any) -> Response:
        return self.answer(self.one(pk=pk))

    @extend_schema(request=GrantIn, responses={201: GrantOut, 200: GrantOut})
    def create(self, request: Request) -> Response:
        by = caller(request)
        require(by, "grant.create", None)
        body = self.valid(GrantIn(data=request.data))
        team = Team.objects.filter(name=body["team"]).first()
        cluster = Cluster.objects.filter(name=body["cluster"]).first()
        if team is None:
            raise Invalid.at("/team", "does_not_exist", _("There is no team %(name)s.") % {"name": body["team"]})
        if cluster is None:
            missing = _("There is no cluster %(name)s.") % {"name": body["cluster"]}
            raise Invalid.at("/cluster", "does_not_exist", missing)
        grant, is_new = create_grant(by, team, cluster, body["namespaces"])
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return self.answer(grant, code, Location=reverse("api:grant", args=[grant.pk]))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: Any) -> Response:
        remove_grant(caller(request), self.matched(self.one(pk=pk)))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _source(body: dict[str, Any]) -> Source:
    return Source(**{key: body[key] for key in _SOURCE if key in body})


def _shown(steps: Sequence[StepResult]) -> list[dict[str, Any]]:
    return [asdict(step) for step in steps]


def _registered(cluster: Cluster, steps: Sequence[StepResult]) -> dict[str, Any]:
    return {**ClusterOut(cluster).data, "steps": _shown(steps)}


def _refuse_connection_fields(body: Any) -> None:
    fields = sorted(set(body) & set(_SOURCE)) if isinstance(body, dict) else []
    if fields:
        detail = _("It changes only together with the credentials: PUT /clusters/{name}/credentials/.")
        raise Invalid(detail, errors=[{"pointer": f"/{name}", "code": "not_here", "detail": detail} for name in fields])
