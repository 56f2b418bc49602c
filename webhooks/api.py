"""Webhooks that come in, and their sources over REST. Each call is one command or one query."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import BaseParser
from rest_framework.response import Response

from accounts.exchange.rules import robot_named
from accounts.models import User
from accounts.permissions import may_in_any_team, require
from durable.idempotency import IdempotentMixin
from web.addresses import client_address
from web.api import ApiView, ApiViewSet, MadeByPost, accepted, created
from web.bodies import object_of, valid_body
from web.errors import TooLarge
from web.parsers import MAX_BODY_BYTES
from web.throttle import AddressLimit
from webhooks import commands
from webhooks.facts import delivery_facts, source_facts
from webhooks.models import WebhookDelivery, WebhookSource
from webhooks.queries import delivery_log, source_list
from webhooks.secrets import OVERLAPS

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

A_MINUTE = 300


class Rule(serializers.Serializer[Any]):
    match = serializers.CharField(max_length=300, help_text="As `acme/checkout:1.*`.")
    service = serializers.CharField()
    environment = serializers.CharField()
    image = serializers.CharField(required=False, help_text="What to release instead of the repository told, no tag.")
    strategy = serializers.JSONField(required=False)
    supersede = serializers.BooleanField(required=False, help_text="Take over from a release that is under way.")


class SourceSerializer(serializers.Serializer[Any]):
    """A source. What is sent is judged by the commands."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(max_length=63)
    kind = serializers.ChoiceField(choices=WebhookSource.Kind.choices)
    team = serializers.CharField(read_only=True)
    robot = serializers.CharField(help_text="Whom it acts as: `registry@payments`.")
    rules = Rule(many=True, required=False)
    is_active = serializers.BooleanField(required=False)
    created_at = serializers.DateTimeField(read_only=True)
    last_delivery_at = serializers.DateTimeField(read_only=True, allow_null=True)

    def to_representation(self, instance: WebhookSource) -> Any:
        return source_facts(instance)


class SecretMade(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="In this answer only.")


class SourceMade(SourceSerializer):
    secret = serializers.CharField(help_text="In this answer only.")


class Rotation(serializers.Serializer[Any]):
    overlap = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=int(OVERLAPS.total_seconds()),
        help_text="Seconds for which the old secret still counts.",
    )


class Result(serializers.Serializer[Any]):
    match = serializers.CharField()
    service = serializers.CharField()
    environment = serializers.CharField()
    image = serializers.CharField()
    outcome = serializers.ChoiceField(["started", "same", "refused"])
    release = serializers.CharField(required=False)
    code = serializers.CharField(required=False)
    detail = serializers.CharField(required=False)
    next = serializers.CharField(required=False)
    blocked_by = serializers.ListField(child=serializers.DictField(), required=False)


class DeliverySerializer(serializers.Serializer[Any]):
    """What a source told, and what came of it."""

    id = serializers.UUIDField()
    key = serializers.CharField()
    event = serializers.CharField(allow_blank=True)
    state = serializers.ChoiceField(["pending", "ignored", "failed", "succeeded"])
    address = serializers.CharField(allow_blank=True)
    pushes = serializers.ListField(child=serializers.DictField())
    results = Result(many=True)
    releases = serializers.ListField(child=serializers.CharField())
    received_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)
    again_of = serializers.UUIDField(allow_null=True)

    def to_representation(self, instance: WebhookDelivery) -> Any:
        return delivery_facts(instance)


class Received(serializers.Serializer[Any]):
    deliveries = serializers.ListField(child=serializers.UUIDField())
    releases = serializers.ListField(child=serializers.UUIDField())
    results = Result(many=True)
    replayed = serializers.BooleanField(help_text="It had come before: the answer is the one of then.")


class AnyBody(BaseParser):
    """The bytes as they came: they are believed or not before anything of them is read."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        raw: bytes = stream.read(MAX_BODY_BYTES + 1)
        if len(raw) > MAX_BODY_BYTES:
            raise TooLarge(_("A body may have at most 1 MiB."))
        return raw


class Receive(IdempotentMixin, ApiView):
    """What a registry or CI system tells. The signature or the secret is the proof: nobody is signed in."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (AddressLimit,)
    parser_classes = (AnyBody,)
    limit_name, limit_per_minute = "webhooks", A_MINUTE

    @extend_schema(operation_id="webhooks_receive", request=OpenApiTypes.OBJECT, responses={202: Received}, auth=[])
    def post(self, request: Request, source: str) -> Response:
        # Without a body there is nothing to parse, and no bytes.
        given: Any = request.data
        body = given if isinstance(given, bytes) else b""
        headers = {name.lower(): value for name, value in request.headers.items()}
        delivery, is_replayed = commands.receive(source, headers, body, client_address(request._request))
        answer = {
            "deliveries": [str(delivery.pk)],
            "releases": delivery.releases,
            "results": delivery.results,
            "replayed": is_replayed,
        }
        return accepted(answer, reverse("api:webhook_delivery", args=[source, delivery.pk]))


class Sources(IdempotentMixin, MadeByPost):
    """Who tells of pushed images, and what is released then. Looked after by the maintainers of the robot's team."""

    serializer_class = SourceSerializer
    secret_fields: ClassVar = ("secret",)
    matching_posts = ("rotate",)
    filter_fields: ClassVar = {"team": "team__name", "kind": "kind"}
    search_fields = ("name",)
    ordering_fields = ("name", "created_at")
    ordering = ("name",)

    def get_queryset(self) -> Any:
        return source_list(_caller(self.request))

    @extend_schema(operation_id="webhook_sources_list")
    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    @extend_schema(operation_id="webhook_sources_create", responses={201: SourceMade})
    def create(self, request: Request) -> Response:
        """The answer holds the secret that proves deliveries; it is not shown again."""
        by = _caller(request)
        if not may_in_any_team(by, "webhook_source.create"):
            require(by, "webhook_source.create", None)
        fields = object_of(request)
        robot = robot_named(by, fields.pop("robot", None))
        source, secret = commands.create_source(by, robot, **fields)
        return created({**source_facts(source), "secret": secret}, self.location_of(source))

    def location_of(self, obj: WebhookSource) -> str:
        return reverse("api:webhook_source", args=[obj.name])

    @extend_schema(operation_id="webhook_sources_retrieve")
    def retrieve(self, request: Request, name: str) -> Response:
        return self.answer(self.one(name=name))

    @extend_schema(operation_id="webhook_sources_edit")
    def partial_update(self, request: Request, name: str) -> Response:
        by, source, fields = _caller(request), self.matched(self.one(name=name)), object_of(request)
        robot = robot_named(by, fields.pop("robot")) if "robot" in fields else None
        return self.answer(commands.edit_source(by, source, robot=robot, **fields))

    @extend_schema(operation_id="webhook_sources_remove", responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        commands.remove_source(_caller(request), self.matched(self.one(name=name)))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="webhook_sources_rotate", request=Rotation, responses={200: SecretMade})
    def rotate(self, request: Request, name: str) -> Response:
        """A new secret, told once; the old one counts for `overlap` seconds more."""
        source = self.matched(self.one(name=name))
        overlap = timedelta(seconds=valid_body(Rotation, request)["overlap"])
        return Response({"secret": commands.rotate_source(_caller(request), source, overlap=overlap)})


class Deliveries(IdempotentMixin, ApiViewSet):
    """What a source told, newest first."""

    serializer_class = DeliverySerializer
    ordering_fields = ("received_at",)
    ordering = ("-received_at",)

    def get_queryset(self) -> Any:
        return source_list(_caller(self.request))

    @extend_schema(operation_id="webhook_deliveries_list")
    def list(self, request: Request, name: str) -> Response:
        return self.paged(delivery_log(self.one(name=name)))

    @extend_schema(operation_id="webhook_deliveries_retrieve")
    def retrieve(self, request: Request, name: str, delivery_id: UUID) -> Response:
        return self.answer(self._delivery(name, delivery_id))

    @extend_schema(operation_id="webhook_deliveries_again", request=None, responses={202: DeliverySerializer})
    def again(self, request: Request, name: str, delivery_id: UUID) -> Response:
        """Do what the rules of today make of it."""
        made = commands.deliver_again(_caller(request), self._delivery(name, delivery_id))
        return accepted(delivery_facts(made), reverse("api:webhook_delivery", args=[name, made.pk]))

    def _delivery(self, name: str, delivery_id: UUID) -> WebhookDelivery:
        source = self.one(name=name)
        found = source.deliveries.filter(pk=delivery_id).first()
        if found is None:
            raise Http404
        found.source = source
        return cast("WebhookDelivery", found)


def _caller(request: Request) -> User:
    return cast("User", request.user)
