"""The two calls of a program that wants to act for a person. They carry their own proof: nobody is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.response import Response

from accounts.commands.device_logins import OPEN_FOR, begin_device_login, collect_token
from accounts.device.codes import shown
from durable.idempotency import IdempotentMixin
from web.addresses import client_address
from web.api import ApiView
from web.bodies import valid_body
from web.throttle import AddressLimit

if TYPE_CHECKING:
    from rest_framework.request import Request


class DeviceIn(serializers.Serializer[Any]):
    """Who asks, and for what. Without scopes: deploy and approve, each of which includes reading."""

    client = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=100), required=False, default=list, max_length=20
    )


class DeviceOut(serializers.Serializer[Any]):
    """What the program keeps, and what it tells the person (RFC 8628, section 3.2)."""

    device_code = serializers.CharField()
    user_code = serializers.CharField()
    verification_uri = serializers.URLField()
    verification_uri_complete = serializers.URLField()
    expires_in = serializers.IntegerField()
    interval = serializers.IntegerField()


class DeviceTokenIn(serializers.Serializer[Any]):
    """The device code of the first call."""

    device_code = serializers.CharField(max_length=200)


class DeviceTokenOut(serializers.Serializer[Any]):
    """An ordinary token of the person who allowed it."""

    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField()
    scope = serializers.CharField()
    token_id = serializers.UUIDField()
    user = serializers.CharField()


class Anonymous(IdempotentMixin, ApiView):
    """A call that nobody is signed in for; a token that comes along is not looked at."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (AddressLimit,)
    limit_name, limit_per_minute = "device", 120


class DeviceLoginView(Anonymous):
    """Ask to act for a person."""

    @extend_schema(operation_id="auth_device", request=DeviceIn, responses={200: DeviceOut})
    def post(self, request: Request) -> Response:
        """Begin: show `user_code` and `verification_uri` to the person, and ask for the token every `interval`
        seconds."""
        asked = valid_body(DeviceIn, request)
        login, device_code = begin_device_login(
            asked["client"], scopes=asked["scopes"], address=client_address(request._request)
        )
        code, page = shown(login.user_code), request.build_absolute_uri(reverse("device"))
        body = {
            "device_code": device_code,
            "user_code": code,
            "verification_uri": page,
            "verification_uri_complete": f"{page}?{urlencode({'code': code})}",
            "expires_in": int(OPEN_FOR.total_seconds()),
            "interval": login.interval_seconds,
        }
        return Response(body)


class DeviceTokenView(Anonymous):
    """Collect the token."""

    @extend_schema(operation_id="auth_device_token", request=DeviceTokenIn, responses={200: DeviceTokenOut})
    def post(self, request: Request) -> Response:
        """400 until the person has allowed it; `error` of the problem is `authorization_pending`, `slow_down`,
        `access_denied` or `expired_token`."""
        login, token, raw = collect_token(valid_body(DeviceTokenIn, request)["device_code"])
        body = {
            "access_token": raw,
            "token_type": "Bearer",
            "expires_in": login.lasts_seconds,
            "scope": " ".join(token.scopes),
            "token_id": str(token.pk),
            "user": token.user.username,
        }
        return Response(body)
