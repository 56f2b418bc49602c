"""Tokens over REST: one's own, and those of the robots one looks after."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from accounts.commands import tokens
from accounts.durations import parse_duration
from accounts.models import Token, User
from accounts.permissions import SCOPES
from accounts.token_rules import LONGEST_OVERLAP
from durable.idempotency import IdempotentMixin
from web.api import MadeByPost, created

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

NEVER = "never"


def _names(text: str = "") -> Any:
    child = serializers.CharField(max_length=63)
    return serializers.ListField(child=child, required=False, default=list, help_text=text, max_length=50)


class TokenOut(serializers.ModelSerializer[Token]):
    user = serializers.CharField(source="user.username")
    scopes = serializers.ListField(child=serializers.CharField())
    teams = serializers.ListField(child=serializers.CharField())
    services = serializers.ListField(child=serializers.CharField())
    environments = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(["usable", "expired", "revoked"])

    class Meta:
        model = Token
        fields = [
            *("id", "user", "name", "prefix", "scopes", "teams", "services", "environments", "way", "state"),
            *("created_at", "expires_at", "last_used_at", "last_used_from", "revoked_at", "rotated_at", "old_until"),
        ]
        read_only_fields = fields


class TokenMade(TokenOut):
    token = serializers.CharField(help_text="The token itself, in this answer only.")

    class Meta(TokenOut.Meta):
        fields = [*TokenOut.Meta.fields, "token"]
        read_only_fields = fields


class TokenIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(SCOPES), required=False, default=list, help_text="None: all that its user may."
    )
    teams = _names("Only for things of these teams; none: of every team of its user.")
    services = _names("Only for these services.")
    environments = _names("Only in these environments.")
    expires = serializers.CharField(
        required=False, default="90d", allow_blank=True, help_text="As 12h or 30d, or `never`. Default: 90d."
    )


class TokenEdit(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100, required=False)
    expires = serializers.CharField(required=False, help_text="So long from now, no later than its present end.")


class TokenRotation(serializers.Serializer[Any]):
    overlap = serializers.IntegerField(
        required=False,
        default=0,
        min_value=0,
        max_value=int(LONGEST_OVERLAP.total_seconds()),
        help_text="Seconds for which the old secret still works.",
    )
    expires = serializers.CharField(required=False, default="", help_text="A new end, from now; none: it stays.")


def lasting(text: str) -> timedelta | None:
    """`30d` as a timedelta; None for a token that lasts until it is revoked."""
    return None if text in {"", NEVER} else parse_duration(text)


def made_token(by: User, user: User, body: dict[str, Any]) -> Response:
    """Make a token of `user` and answer it with its text."""
    lasts = lasting(body.pop("expires"))
    token, raw = tokens.create_token(by, user, body.pop("name"), lasts=lasts, **body)
    return created({**TokenOut(token).data, "token": raw}, reverse("api:token", args=[token.pk]))


class Tokens(IdempotentMixin, MadeByPost):
    """One's own tokens and those of robots that one looks after; admins see and revoke everybody's."""

    serializer_class = TokenOut
    ordering_fields = ("created_at", "name")
    ordering = ("-created_at",)
    filter_fields = {"user": "user__username__iexact", "way": "way"}
    search_fields = ("name",)
    secret_fields = ("token",)
    matching_posts = ("rotate",)
    ticking_fields = ("last_used_at", "last_used_from", "state")

    def get_queryset(self) -> QuerySet[Token]:
        by = cast("User", self.request.user)
        return Token.objects.visible_to(by).select_related("user__robot_of")

    @extend_schema(operation_id="tokens_list")
    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    @extend_schema(operation_id="tokens_retrieve")
    def retrieve(self, request: Request, pk: Any) -> Response:
        return self.answer(self.one(pk=pk))

    @extend_schema(operation_id="tokens_create", request=TokenIn, responses={201: TokenMade})
    def create(self, request: Request) -> Response:
        by = cast("User", request.user)
        return made_token(by, by, self.valid(TokenIn(data=request.data)))

    def location_of(self, obj: Token) -> str:
        return reverse("api:token", args=[obj.pk])

    @extend_schema(operation_id="tokens_edit", request=TokenEdit, responses=TokenOut)
    def partial_update(self, request: Request, pk: Any) -> Response:
        """Another name, or an earlier end."""
        token = self.matched(self.one(pk=pk))
        body = self.valid(TokenEdit(data=request.data))
        lasts = parse_duration(body["expires"]) if "expires" in body else None
        by = cast("User", request.user)
        return self.answer(tokens.edit_token(by, token, name=body.get("name"), lasts=lasts))

    @extend_schema(operation_id="tokens_rotate", request=TokenRotation, responses={200: TokenMade})
    def rotate(self, request: Request, pk: Any) -> Response:
        """A new secret, told once; the old one works for `overlap` seconds more."""
        token = self.matched(self.one(pk=pk))
        body = self.valid(TokenRotation(data=request.data))
        overlap = timedelta(seconds=body["overlap"])
        by = cast("User", request.user)
        token, raw = tokens.rotate_token(by, token, overlap=overlap, lasts=lasting(body["expires"]))
        answer = self.answer(token)
        answer.data = {**answer.data, "token": raw}
        return answer

    @extend_schema(operation_id="tokens_revoke", responses={204: None})
    def destroy(self, request: Request, pk: Any) -> Response:
        tokens.revoke_token(cast("User", request.user), self.matched(self.one(pk=pk)))
        return Response(status=status.HTTP_204_NO_CONTENT)
