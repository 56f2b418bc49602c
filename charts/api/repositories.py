"""Chart repositories, search and uploads over REST. Each call is one command or one query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.response import Response

from charts import commands
from charts.models import ChartRepository, ChartUpload
from charts.parsers import ArchiveParser, BinaryParser, FormParser, TarParser, Upload
from charts.queries import search_charts
from charts.serializers import (
    ChartRepositoryEditIn,
    ChartRepositoryIn,
    ChartRepositoryOut,
    ChartUploadIn,
    ChartUploadOut,
    FoundChartsOut,
)
from durable.idempotency import IdempotentMixin
from web.api import ApiViewSet, MadeByPost, created
from web.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rest_framework.request import Request

    from accounts.models import User


def caller(request: Request) -> User:
    """The person who calls: every address here is behind authentication."""
    return cast("User", request.user)


class Repositories(IdempotentMixin, MadeByPost):
    """Where charts come from. Registered by admins, used by all."""

    serializer_class = ChartRepositoryOut
    lookup_field = "name"
    search_fields = ("name", "url")
    filter_fields: ClassVar = {"kind": "kind", "status": "status"}
    ordering_fields = ("name", "created_at")
    ordering = ("name",)

    def get_queryset(self) -> Any:
        return ChartRepository.objects.annotate(chart_count=Count("charts"))

    @extend_schema(operation_id="chart_repositories_list")
    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    @extend_schema(
        operation_id="chart_repositories_create", request=ChartRepositoryIn, responses={201: ChartRepositoryOut}
    )
    def create(self, request: Request) -> Response:
        """The repository is asked first; nothing is saved when it does not answer as one."""
        return self.made(
            commands.create_repository(caller(request), **self.valid(ChartRepositoryIn(data=request.data)))
        )

    @extend_schema(operation_id="chart_repositories_retrieve")
    def retrieve(self, request: Request, name: str) -> Response:
        return self.answer(self.one(name=name))

    @extend_schema(
        operation_id="chart_repositories_partial_update", request=ChartRepositoryEditIn, responses=ChartRepositoryOut
    )
    def partial_update(self, request: Request, name: str) -> Response:
        """The repository is asked as it shall be; nothing is saved when it does not answer as one."""
        repository = self.matched(self.one(name=name))
        body = self.valid(ChartRepositoryEditIn(data=request.data))
        commands.edit_repository(caller(request), repository, **body)
        return self.answer(self.one(name=name))

    @extend_schema(operation_id="chart_repositories_destroy", responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        commands.remove_repository(caller(request), self.matched(self.one(name=name)))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="chart_repositories_refresh", request=None, responses=ChartRepositoryOut)
    def refresh(self, request: Request, name: str) -> Response:
        """Ask what it offers now; `status` tells whether it answered."""
        return self.answer(commands.refresh_repository(caller(request), self.one(name=name)))

    def location_of(self, obj: Any) -> str:
        return reverse("api:chart_repository", args=[obj.name])


class Search(ApiViewSet):
    """Charts of all repositories and uploads."""

    serializer_class = FoundChartsOut
    query_parameters: ClassVar[Mapping[str, Sequence[str]]] = {"search": ("q",)}

    @extend_schema(
        operation_id="charts_search",
        responses=FoundChartsOut,
        filters=False,
        parameters=[OpenApiParameter("q", str, description="Words of the name, the description or the keywords.")],
    )
    def search(self, request: Request) -> Response:
        found = search_charts(caller(request), request.query_params.get("q", ""))
        return Response({"count": len(found), "results": found})


class Uploads(IdempotentMixin, ApiViewSet):
    """Charts that people uploaded: those of the caller's teams, and those for all."""

    serializer_class = ChartUploadOut
    search_fields = ("name",)
    filter_fields: ClassVar = {"name": "name", "team": "team__name"}
    ordering_fields = ("name", "created_at")
    ordering = ("-created_at",)

    def get_parsers(self) -> Any:
        return [FormParser(), ArchiveParser(), BinaryParser(), TarParser()]

    def get_queryset(self) -> Any:
        visible = ChartUpload.objects.visible_to(caller(self.request))
        return visible.select_related("team", "archive").defer("archive__packed")

    query_parameters: ClassVar[Mapping[str, Sequence[str]]] = {"create": ("team",)}

    @extend_schema(operation_id="chart_uploads_list")
    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    @extend_schema(
        operation_id="chart_uploads_create",
        request={"multipart/form-data": ChartUploadIn},
        responses={201: ChartUploadOut, 200: ChartUploadOut},
        parameters=[OpenApiParameter("team", str, description="Whose it is; not needed by who has one team.")],
    )
    def create(self, request: Request) -> Response:
        """At most 20 MiB. The archive is held to every rule before anything of it is kept."""
        given = request.data
        if not isinstance(given, Upload):
            raise Invalid.at("", "type", _("Send a chart archive."))
        team = given.get("team") or request.query_params.get("team", "")
        upload, is_new = commands.upload_chart(caller(request), given.content, team=team)
        if not is_new:
            return Response(ChartUploadOut(upload).data)
        return self.answer_made(request, upload.pk)

    @extend_schema(operation_id="chart_uploads_retrieve")
    def retrieve(self, request: Request, pk: Any) -> Response:
        return self.answer(self.one(pk=pk))

    def answer_made(self, request: Request, made: Any) -> Response:
        upload = self.one(pk=made)
        return created(ChartUploadOut(upload).data, reverse("api:chart_upload", args=[upload.pk]))
