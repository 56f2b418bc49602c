"""Helm releases over REST. Each call is one command or one query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from charts import commands
from charts.api.repositories import caller
from charts.models import HelmOperation
from charts.observing import observe_release
from charts.queries import history_of, manifest_of, operations_of, release_rows
from charts.serializers import (
    HelmHistoryOut,
    HelmInstallIn,
    HelmManifestOut,
    HelmOperationOut,
    HelmReleaseOut,
    HelmRevisionIn,
    HelmRollbackIn,
    HelmUpgradeIn,
    LineOut,
    TriedOut,
)
from charts.trying import try_install, try_upgrade
from clusters.models import Cluster
from durable.idempotency import IdempotentMixin
from web.api import ApiViewSet, accepted
from web.errors import BadParameter, Invalid
from web.filters import flag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rest_framework.request import Request

_DRY_RUN = OpenApiParameter("dry_run", bool, description="Tell what would be applied and how it differs; do nothing.")
_ANSWERS = {200: TriedOut, 202: HelmReleaseOut}


class Releases(IdempotentMixin, ApiViewSet):
    """Helm releases in the namespaces that the caller's teams hold grants for, whoever made them."""

    serializer_class = HelmReleaseOut
    search_fields = ("name", "chart", "namespace")
    filter_fields: ClassVar = {
        "cluster": "cluster__name",
        "namespace": "namespace",
        "name": "name",
        "chart": "chart",
        "status": "status",
    }
    ordering_fields = ("name", "deployed_at", "created_at")
    ordering = ("name",)
    query_parameters: ClassVar[Mapping[str, Sequence[str]]] = {
        "create": ("dry_run",),
        "partial_update": ("dry_run",),
        "manifest": ("revision",),
    }

    def get_queryset(self) -> Any:
        return release_rows(caller(self.request))

    @extend_schema(operation_id="helm_releases_list")
    def list(self, request: Request) -> Response:
        """Those that were uninstalled are left out, unless `status=uninstalled` asks for them."""
        rows = self.get_queryset()
        return self.paged(rows if "status" in request.query_params else rows.exclude(status="uninstalled"))

    @extend_schema(
        operation_id="helm_releases_create", request=HelmInstallIn, responses=_ANSWERS, parameters=[_DRY_RUN]
    )
    def create(self, request: Request) -> Response:
        """Install a chart: 202, and the release tells how it goes on."""
        body = self.valid(HelmInstallIn(data=request.data))
        cluster = self._cluster(body.pop("cluster"))
        if flag(request.query_params, "dry_run"):
            for name in ("atomic", "create_namespace", "timeout_seconds"):
                body.pop(name, None)
            return Response(try_install(caller(request), cluster, **body))
        return self._accepted(commands.install_release(caller(request), cluster, **body))

    @extend_schema(operation_id="helm_releases_retrieve")
    def retrieve(self, request: Request, pk: Any) -> Response:
        return self.answer(self.one(pk=pk))

    @extend_schema(
        operation_id="helm_releases_partial_update", request=HelmUpgradeIn, responses=_ANSWERS, parameters=[_DRY_RUN]
    )
    def partial_update(self, request: Request, pk: Any) -> Response:
        """Upgrade: other values, another version, another chart."""
        release = self.matched(self.one(pk=pk))
        body = self.valid(HelmUpgradeIn(data=request.data))
        if flag(request.query_params, "dry_run"):
            for name in ("atomic", "timeout_seconds"):
                body.pop(name, None)
            return Response(try_upgrade(caller(request), release, **body))
        return self._accepted(commands.upgrade_release(caller(request), release, **body))

    @extend_schema(operation_id="helm_releases_destroy", responses={202: HelmReleaseOut})
    def destroy(self, request: Request, pk: Any) -> Response:
        """Uninstall: 202; the release is `uninstalled` once everything of it is gone."""
        return self._accepted(commands.uninstall_release(caller(request), self.matched(self.one(pk=pk))))

    @extend_schema(operation_id="helm_releases_rollback", request=HelmRollbackIn, responses={202: HelmReleaseOut})
    def rollback(self, request: Request, pk: Any) -> Response:
        """Make a new revision with what an earlier one held."""
        release = self.one(pk=pk)
        body = self.valid(HelmRollbackIn(data=request.data))
        return self._accepted(commands.rollback_release(caller(request), release, **body))

    @extend_schema(operation_id="helm_releases_recover", request=HelmRevisionIn, responses=HelmReleaseOut)
    def recover(self, request: Request, pk: Any) -> Response:
        """Mark a revision that an interrupted operation left pending as failed. Naming it confirms that nobody works
        on it any more."""
        release = self.one(pk=pk)
        body = self.valid(HelmRevisionIn(data=request.data))
        commands.recover_release(caller(request), release, body["revision"])
        return self.answer(self.one(pk=pk))

    @extend_schema(operation_id="helm_releases_refresh", request=None, responses=HelmReleaseOut)
    def refresh(self, request: Request, pk: Any) -> Response:
        """Look at Helm's storage now."""
        observe_release(self.one(pk=pk))
        return self.answer(self.one(pk=pk))

    @extend_schema(operation_id="helm_releases_history", responses=HelmHistoryOut, filters=False)
    def history(self, request: Request, pk: Any) -> Response:
        """The revisions that Helm keeps, newest first."""
        found = history_of(self.one(pk=pk))
        return Response({"count": len(found), "results": found})

    @extend_schema(
        operation_id="helm_releases_manifest",
        responses=HelmManifestOut,
        filters=False,
        parameters=[OpenApiParameter("revision", int, description="Of which revision; default the newest.")],
    )
    def manifest(self, request: Request, pk: Any) -> Response:
        """What Helm applied, with the values of Secrets masked."""
        text = request.query_params.get("revision", "0")
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise BadParameter(_("revision is the number of one."))
        return Response(manifest_of(self.one(pk=pk), int(text)))

    def answer_made(self, request: Request, made: Any) -> Response:
        return self._accepted(HelmOperation.objects.get(pk=made))

    def _accepted(self, operation: HelmOperation) -> Response:
        release = self.one(pk=operation.release_id)
        return accepted(self.get_serializer(release).data, reverse("api:helm_release", args=[release.pk]))

    def _cluster(self, name: str) -> Cluster:
        cluster = Cluster.objects.visible_to(caller(self.request)).filter(name=name).first()
        if cluster is None:
            raise Invalid.at(
                "/cluster",
                "unknown_cluster",
                _("There is no cluster “%(name)s” that a team of yours has a grant on.") % {"name": name[:63]},
            )
        return cluster


class Operations(ApiViewSet):
    """What was done to releases, newest first."""

    serializer_class = HelmOperationOut
    filter_fields: ClassVar = {"release": "release_id", "kind": "kind", "state": "state"}
    ordering_fields = ("created_at",)
    ordering = ("-created_at",)

    def get_queryset(self) -> Any:
        return operations_of(caller(self.request))

    @extend_schema(operation_id="helm_operations_list")
    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    @extend_schema(operation_id="helm_operations_retrieve")
    def retrieve(self, request: Request, pk: Any) -> Response:
        return self.answer(self.one(pk=pk))


class OperationLog(ApiViewSet):
    """The log of an operation, line by line."""

    serializer_class = LineOut
    ordering_fields = ("number",)
    ordering = ("number",)

    def get_queryset(self) -> Any:
        return operations_of(caller(self.request))

    @extend_schema(operation_id="helm_operations_log")
    def list(self, request: Request, pk: Any) -> Response:
        return self.paged(self.one(pk=pk).lines.all())
