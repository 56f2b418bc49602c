"""Sessions, second factors, sign-in rules and locks over REST. A factor is set up by a person at a browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from accounts import lockout
from accounts.commands import sign_in
from accounts.commands.second_factor import reset_second_factor
from accounts.commands.sessions import end_session
from accounts.factors.required import lacks_second_factor
from accounts.models import Authenticator, Passkey, RecoveryCode, Session, SignInPolicy, User
from accounts.permissions import require
from web.api import ApiView, ApiViewSet
from web.etag import content_etag, require_match

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


def caller(request: Request) -> User:
    """The person behind a call that has passed authentication."""
    return cast("User", request.user)


class SessionOut(serializers.ModelSerializer[Session]):
    user = serializers.CharField(source="user.username")
    device = serializers.CharField(help_text="Browser and system, as far as the browser tells.")
    provider = serializers.CharField(help_text="The identity provider that vouched; empty where none did.")

    class Meta:
        model = Session
        fields = [
            *("id", "user", "way", "provider", "device", "address"),
            *("created_at", "last_seen_at", "ends_at"),
        ]
        read_only_fields = fields


class PasskeyOut(serializers.ModelSerializer[Passkey]):
    class Meta:
        model = Passkey
        fields = ["id", "name", "host", "created_at", "last_used_at"]
        read_only_fields = fields


class SecondFactorOut(serializers.Serializer[Any]):
    """What of a second factor a person has; nothing with which it could be used."""

    is_required = serializers.BooleanField(help_text="Whether the rules ask this person for one that is not there.")
    authenticator = serializers.BooleanField(help_text="Whether an app is set up.")
    recovery_codes_left = serializers.IntegerField()
    passkeys = PasskeyOut(many=True)


class SignInPolicyOut(serializers.ModelSerializer[SignInPolicy]):
    class Meta:
        model = SignInPolicy
        fields = ["require_second_factor"]


class SignInLockOut(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    username = serializers.CharField(help_text="As it was typed, in lower case; there may be nobody of this name.")
    address = serializers.CharField(help_text="Empty: locked from everywhere.")
    failures = serializers.IntegerField()
    ends_at = serializers.DateTimeField()


class SessionViewSet(ApiViewSet):
    """Where one is signed in with a browser; admins see and end everybody's sessions."""

    serializer_class = SessionOut
    filter_fields = {"user": "user__username__iexact", "way": "way"}
    ticking_fields = ("last_seen_at",)
    ordering_fields = ("created_at", "last_seen_at")
    ordering = ("-created_at",)

    def get_queryset(self) -> QuerySet[Session]:
        return Session.objects.visible_to(caller(self.request)).alive().select_related("user")

    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    def retrieve(self, request: Request, pk: Any) -> Response:
        return self.answer(self.one(pk=pk))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: Any) -> Response:
        end_session(caller(request), self.matched(self.one(pk=pk)))
        return Response(status=status.HTTP_204_NO_CONTENT)


class SecondFactorView(ApiView):
    """One's own second factor, or anybody's for admins, who may also reset it."""

    tagged_by_edits = ("get",)

    @extend_schema(operation_id="second_factor", responses=SecondFactorOut)
    def get(self, request: Request, username: str) -> Response:
        shown = self._shown(self._person(request, username))
        return Response(shown, headers={"ETag": content_etag(shown)})

    def _shown(self, user: User) -> dict[str, Any]:
        left = RecoveryCode.objects.filter(user=user, used_at=None).count()
        known = {
            "is_required": lacks_second_factor(user),
            "authenticator": Authenticator.objects.filter(user=user, is_on=True).exists(),
            "recovery_codes_left": left,
            "passkeys": Passkey.objects.filter(user=user),
        }
        return dict(SecondFactorOut(known).data)

    @extend_schema(operation_id="reset_second_factor", responses={204: None})
    def delete(self, request: Request, username: str) -> Response:
        user = self._person(request, username)
        require_match(request, content_etag(self._shown(user)))
        reset_second_factor(caller(request), user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _person(self, request: Request, username: str) -> User:
        by = caller(request)
        people = User.objects.all() if by.is_admin else User.objects.filter(pk=by.pk)
        user = people.filter(username__iexact=username).first()
        if user is None:
            raise Http404
        return user


class SignInPolicyView(ApiViewSet):
    """Who has to have a second factor. For admins."""

    serializer_class = SignInPolicyOut
    queryset = SignInPolicy.objects.all()

    @extend_schema(operation_id="sign_in_policy", responses=SignInPolicyOut)
    def retrieve(self, request: Request) -> Response:
        require(caller(request), "sign_in_policy.view", None)
        return self.answer(SignInPolicy.current())

    @extend_schema(operation_id="edit_sign_in_policy", request=SignInPolicyOut, responses=SignInPolicyOut)
    def partial_update(self, request: Request) -> Response:
        require(caller(request), "sign_in_policy.edit", None)
        self.matched(SignInPolicy.current())
        body = self.valid(SignInPolicyOut(data=request.data, partial=True))
        wanted = body.get("require_second_factor", SignInPolicy.current().require_second_factor)
        return self.answer(sign_in.edit_sign_in_policy(caller(request), require_second_factor=wanted))


class SignInLockViewSet(ApiViewSet):
    """Names for which too many passwords or codes were wrong. For admins."""

    serializer_class = SignInLockOut
    filter_fields = {"username": "username__iexact"}
    ordering_fields = ("attempt_time",)
    ordering = ("-attempt_time",)

    def get_queryset(self) -> QuerySet[Any]:
        require(caller(self.request), "sign_in_lock.view", None)
        return lockout.locks()

    def list(self, request: Request) -> Response:
        portion = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response(
            SignInLockOut([lockout.Lock.of(row) for row in portion or ()], many=True).data
        )

    def retrieve(self, request: Request, pk: UUID) -> Response:
        return self.answer(cast("Any", self._lock(request, pk)))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: UUID) -> Response:
        require(caller(request), "sign_in_lock.lift", None)
        sign_in.lift_sign_in_lock(caller(request), self.matched(self._lock(request, pk)))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _lock(self, request: Request, pk: UUID) -> lockout.Lock:
        require(caller(request), "sign_in_lock.view", None)
        lock = sign_in.find_lock(pk)
        if lock is None:
            raise Http404
        return lock
