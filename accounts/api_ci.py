"""CI identities over REST, and the exchange of a CI job's token."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, ClassVar, cast

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from accounts.commands import ci_identities
from accounts.commands.exchange import exchange_token, try_token
from accounts.exchange.checking import CHECKS, LONGEST
from accounts.exchange.rules import robot_named
from accounts.models import CiIdentity, User
from accounts.permissions import SCOPES, may_in_any_team, require
from durable.idempotency import IdempotentMixin
from web.api import ApiView, ApiViewSet, MadeByPost
from web.bodies import object_of, valid_body
from web.errors import TooLarge
from web.parsers import StrictJSONParser
from web.throttle import AddressLimit

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request

A_MINUTE = 60
LONGEST_BODY = LONGEST + 1024


class CiIdentitySerializer(serializers.ModelSerializer[CiIdentity]):
    """A rule by which jobs act as a robot. What is sent is judged by the commands."""

    team = serializers.CharField(source="team.name", read_only=True)
    robot = serializers.CharField(source="robot.username", help_text="As `ci@payments`.")
    claims = serializers.DictField(
        child=serializers.CharField(), help_text="Claim to pattern; `*` is anything but a slash, `**` is anything."
    )
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES), required=False)
    services = serializers.ListField(child=serializers.CharField(), required=False)
    environments = serializers.ListField(child=serializers.CharField(), required=False)
    issuer = serializers.CharField(required=False)
    audience = serializers.CharField(required=False)

    class Meta:
        model = CiIdentity
        fields = [
            *("id", "name", "team", "robot", "provider", "issuer", "audience", "claims"),
            *("scopes", "services", "environments", "lifetime_seconds", "order"),
            *("is_active", "allow_private_address", "created_at", "last_used_at"),
        ]
        read_only_fields = ("id", "team", "created_at", "last_used_at")


class TokenOfJob(serializers.Serializer[Any]):
    token = serializers.CharField(max_length=LONGEST, trim_whitespace=True)
    identity = serializers.CharField(
        max_length=63,
        required=False,
        default="",
        allow_blank=True,
        help_text="The CI identity that is meant. Needed where those of several teams match the job.",
    )


class Exchanged(serializers.Serializer[Any]):
    token = serializers.CharField(help_text="In this answer only.")
    expires_at = serializers.DateTimeField()
    user = serializers.CharField()
    scopes = serializers.ListField(child=serializers.CharField())
    services = serializers.ListField(child=serializers.CharField())
    environments = serializers.ListField(child=serializers.CharField())


class CheckStep(serializers.Serializer[Any]):
    check = serializers.ChoiceField(list(CHECKS))
    state = serializers.ChoiceField(["succeeded", "failed", "pending"])
    detail = serializers.CharField()


class RuleTried(serializers.Serializer[Any]):
    name = serializers.CharField()
    is_audience = serializers.BooleanField()
    unmatched = serializers.ListField(child=serializers.CharField())


class Tried(serializers.Serializer[Any]):
    checks = CheckStep(many=True)
    identities = RuleTried(many=True)
    matched = serializers.CharField(allow_blank=True, help_text="The CI identity that would count.")


class SmallJSONParser(StrictJSONParser):
    """A body of somebody unknown: no larger than a token has to be."""

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        raw = stream.read(LONGEST_BODY + 1)
        if len(raw) > LONGEST_BODY:
            raise TooLarge(_("A token has at most 16 kB."))
        return super().parse(BytesIO(raw), media_type, parser_context)


class ExchangeView(IdempotentMixin, ApiView):
    """A CI job's own token for a short-lived one of a robot. The token is the proof: nobody is signed in."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (AddressLimit,)
    parser_classes = (SmallJSONParser,)
    secret_fields = ("token",)
    limit_name, limit_per_minute = "exchange", A_MINUTE

    @extend_schema(operation_id="auth_exchange", request=TokenOfJob, responses={201: Exchanged}, auth=[])
    def post(self, request: Request) -> Response:
        body = valid_body(TokenOfJob, request)
        token, raw = exchange_token(body["token"], body["identity"])
        answer = {
            "token": raw,
            "expires_at": token.expires_at,
            "user": token.user.username,
            "scopes": token.scopes,
            "services": token.services,
            "environments": token.environments,
        }
        return Response(answer, status=status.HTTP_201_CREATED, headers={"Cache-Control": "no-store"})


class CiIdentities(IdempotentMixin, MadeByPost):
    """Which CI jobs act as which robot. Looked after by the maintainers of the robot's team."""

    serializer_class = CiIdentitySerializer
    filter_fields: ClassVar = {"team": "team__name", "robot": "robot__username", "provider": "provider"}
    search_fields = ("name",)
    ordering_fields = ("name", "order", "created_at")
    ordering = ("order", "name")

    def get_queryset(self) -> QuerySet[CiIdentity]:
        by = cast("User", self.request.user)
        return CiIdentity.objects.visible_to(by).select_related("team", "robot__robot_of")

    @extend_schema(operation_id="ci_identities_list")
    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    @extend_schema(operation_id="ci_identities_retrieve")
    def retrieve(self, request: Request, name: str) -> Response:
        return self.answer(self.one(name=name))

    @extend_schema(operation_id="ci_identities_create")
    def create(self, request: Request) -> Response:
        by = cast("User", request.user)
        _require_somewhere(by)
        fields = object_of(request)
        robot = robot_named(by, fields.pop("robot", None))
        return self.made(ci_identities.create_ci_identity(by, robot, **fields))

    def location_of(self, obj: CiIdentity) -> str:
        return reverse("api:ci_identity", args=[obj.name])

    @extend_schema(operation_id="ci_identities_edit")
    def partial_update(self, request: Request, name: str) -> Response:
        identity = self.matched(self.one(name=name))
        by = cast("User", request.user)
        return self.answer(ci_identities.edit_ci_identity(by, identity, **object_of(request)))

    @extend_schema(operation_id="ci_identities_remove", responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        ci_identities.remove_ci_identity(cast("User", request.user), self.matched(self.one(name=name)))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TryToken(IdempotentMixin, ApiViewSet):
    """What each check says of a job's token, by the CI identities that the caller sees. The token is not used up."""

    @extend_schema(operation_id="ci_identities_try", request=TokenOfJob, responses={200: Tried})
    def create(self, request: Request) -> Response:
        by = cast("User", request.user)
        _require_somewhere(by)
        body = valid_body(TokenOfJob, request)
        checked = try_token(by, body["token"], body["identity"])
        steps = [{"check": check, "state": state, "detail": words} for check, state, words in checked.steps()]
        looked = [
            {"name": one.identity.name, "is_audience": one.is_audience, "unmatched": one.unmatched}
            for one in checked.looked
        ]
        matched = checked.identity.name if checked.identity else ""
        return Response({"checks": steps, "identities": looked, "matched": matched})


def _require_somewhere(by: User) -> None:
    """Let pass who may set up a CI identity in some team. Raises NotPermitted."""
    if not may_in_any_team(by, "ci_identity.create"):
        require(by, "ci_identity.create", None)
