"""Channels over REST. Each call is one command or one query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts.models import Team, User
from durable.idempotency import IdempotentMixin
from notifications import commands
from notifications.models import Channel, Notice
from notifications.queries import delivery_log
from notifications.serializers import ChannelSerializer, NoticeSerializer
from web.api import ApiViewSet, MadeByPost, accepted
from web.bodies import object_of
from web.errors import Invalid

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request


def caller(request: Request) -> User:
    """The person who calls: every address here is behind authentication."""
    return cast("User", request.user)


class Channels(IdempotentMixin, MadeByPost):
    """Where teams are told."""

    serializer_class = ChannelSerializer
    secret_fields: ClassVar = ("key",)
    filter_fields: ClassVar = {"team": "team__name", "kind": "kind"}
    search_fields = ("name",)
    ordering_fields = ("name", "created_at")
    ordering = ("name",)

    def get_queryset(self) -> Any:
        return Channel.objects.visible_to(caller(self.request)).select_related("team")

    @extend_schema(operation_id="notification_channels_list")
    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    @extend_schema(operation_id="notification_channels_create")
    def create(self, request: Request) -> Response:
        """The answer holds the key with which a webhook's deliveries are signed; it is not shown again."""
        fields = object_of(request)
        team = _team(caller(request), fields.pop("team", None))
        channel = commands.create_channel(caller(request), team, **fields)
        answer = self.made(channel)
        if channel.kind == Channel.Kind.WEBHOOK and not fields.get("key"):
            answer.data = {**answer.data, "key": channel.secret["key"]}
        return answer

    def answer_made(self, request: Request, made: UUID) -> Response:
        if notice := Notice.objects.filter(pk=made).first():
            return accepted(NoticeSerializer(notice).data, reverse("api:channel_deliveries", args=[notice.channel_id]))
        return super().answer_made(request, made)

    def location_of(self, obj: Channel) -> str:
        return reverse("api:channel", args=[obj.pk])

    @extend_schema(operation_id="notification_channels_retrieve")
    def retrieve(self, request: Request, channel_id: UUID) -> Response:
        return self.answer(self.one(pk=channel_id))

    @extend_schema(operation_id="notification_channels_partial_update")
    def partial_update(self, request: Request, channel_id: UUID) -> Response:
        channel = self.matched(self.one(pk=channel_id))
        return self.answer(commands.edit_channel(caller(request), channel, **object_of(request)))

    @extend_schema(operation_id="notification_channels_destroy")
    def destroy(self, request: Request, channel_id: UUID) -> Response:
        commands.remove_channel(caller(request), self.matched(self.one(pk=channel_id)))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="notification_channels_test", request=None, responses={202: NoticeSerializer})
    def test(self, request: Request, channel_id: UUID) -> Response:
        """Send a message that says it is a test; what came of it stands under deliveries."""
        notice = commands.test_channel(caller(request), self.one(pk=channel_id))
        return accepted(NoticeSerializer(notice).data, reverse("api:channel_deliveries", args=[channel_id]))


class Deliveries(ApiViewSet):
    """What a channel was told, newest first."""

    serializer_class = NoticeSerializer
    ordering_fields = ("created_at",)
    ordering = ("-created_at",)

    def get_queryset(self) -> Any:
        return Channel.objects.visible_to(caller(self.request))

    @extend_schema(operation_id="notification_channels_deliveries")
    def list(self, request: Request, channel_id: UUID) -> Response:
        return self.paged(delivery_log(self.one(pk=channel_id)))


def _team(by: User, name: Any) -> Team | None:
    if name is None:
        return None
    found = Team.objects.visible_to(by).filter(name=str(name)).first()
    if found is None:
        raise Invalid.at("/team", "unknown_team", _("There is no team “%(name)s” that you may see.") % {"name": name})
    return found
