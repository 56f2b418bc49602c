"""Audit sinks over REST. Each call is one command or one query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts.models import User
from durable.idempotency import IdempotentMixin
from sinks import commands
from sinks.models import AuditSink
from sinks.queries import sink_list
from sinks.serializers import SinkSerializer
from web.api import MadeByPost, accepted
from web.bodies import object_of

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request


def caller(request: Request) -> User:
    """The person who calls: every address here is behind authentication."""
    return cast("User", request.user)


class Sinks(IdempotentMixin, MadeByPost):
    """Where the audit log is sent on to. For admins."""

    serializer_class = SinkSerializer
    filter_fields: ClassVar = {"kind": "kind"}
    search_fields = ("name", "host")
    ordering_fields = ("name", "created_at")
    ordering = ("name",)

    def get_queryset(self) -> Any:
        return sink_list(caller(self.request))

    @extend_schema(operation_id="audit_sinks_list")
    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    @extend_schema(operation_id="audit_sinks_create")
    def create(self, request: Request) -> Response:
        return self.made(commands.create_sink(caller(request), **object_of(request)))

    def location_of(self, obj: AuditSink) -> str:
        return reverse("api:audit_sink", args=[obj.pk])

    @extend_schema(operation_id="audit_sinks_retrieve")
    def retrieve(self, request: Request, sink_id: UUID) -> Response:
        return self.answer(self.one(pk=sink_id))

    @extend_schema(operation_id="audit_sinks_partial_update")
    def partial_update(self, request: Request, sink_id: UUID) -> Response:
        sink = self.matched(self.one(pk=sink_id))
        return self.answer(commands.edit_sink(caller(request), sink, **object_of(request)))

    @extend_schema(operation_id="audit_sinks_destroy")
    def destroy(self, request: Request, sink_id: UUID) -> Response:
        commands.remove_sink(caller(request), self.matched(self.one(pk=sink_id)))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="audit_sinks_test", request=None, responses={202: SinkSerializer})
    def test(self, request: Request, sink_id: UUID) -> Response:
        """Send an entry that says it is a test; what came of it stands in the sink: `position`, `error`."""
        sink = commands.test_sink(caller(request), self.one(pk=sink_id))
        return accepted(self.get_serializer(sink).data, self.location_of(sink))
