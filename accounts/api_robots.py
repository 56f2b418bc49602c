"""Robots of a team over REST, and their tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db.models import QuerySet
from django.http import Http404
from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from accounts.api_tokens import TokenIn, TokenMade, TokenOut, made_token
from accounts.commands import robots
from accounts.models import Team, Token, User
from accounts.permissions import require
from accounts.queries import robots_of
from durable.idempotency import IdempotentMixin
from web.api import ApiViewSet, MadeByPost

if TYPE_CHECKING:
    from rest_framework.request import Request


class RobotOut(serializers.ModelSerializer[User]):
    name = serializers.CharField(source="short_name", help_text="What it is called in its team.")
    team = serializers.CharField(source="robot_of.name")
    roles = serializers.SerializerMethodField(help_text="As `developer`, or `developer@dev` for one environment.")
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="When one of its tokens was last used.")

    class Meta:
        model = User
        fields = ["id", "name", "username", "team", "roles", "created_at", "last_used_at"]
        read_only_fields = fields

    def get_roles(self, robot: User) -> list[str]:
        return sorted(robots.written(one.role, one.environment) for one in robot.memberships.all())


_ROLES = serializers.ListField(child=serializers.CharField(max_length=127), min_length=1, max_length=20)


class RobotIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=63)
    roles = _ROLES


class RobotEdit(serializers.Serializer[Any]):
    roles = _ROLES


class _OfTeam(ApiViewSet):
    """What belongs to one team that the caller sees."""

    def team(self) -> Team:
        by = cast("User", self.request.user)
        team = Team.objects.visible_to(by).filter(name=self.kwargs.get("name", "")).first()
        if team is None:
            raise Http404
        return team


class Robots(IdempotentMixin, MadeByPost, _OfTeam):
    """The robots of a team: machines that act in its name. Made and removed by its maintainers."""

    serializer_class = RobotOut
    search_fields = ("username",)
    ordering_fields = ("username", "created_at")
    ordering = ("username",)
    ticking_fields = ("last_used_at",)

    def get_queryset(self) -> QuerySet[User]:
        return robots_of(self.team())

    @extend_schema(operation_id="robots_list")
    def list(self, request: Request, name: str) -> Response:
        return self.paged(self.get_queryset())

    @extend_schema(operation_id="robots_retrieve")
    def retrieve(self, request: Request, name: str, robot: str) -> Response:
        return self.answer(self._robot(robot))

    @extend_schema(operation_id="robots_create", request=RobotIn, responses={201: RobotOut})
    def create(self, request: Request, name: str) -> Response:
        by, team = cast("User", request.user), self.team()
        require(by, "robot.create", team)
        body = self.valid(RobotIn(data=request.data))
        robot = robots.create_robot(by, team, body["name"], roles=body["roles"])
        return self.made(self.one(pk=robot.pk))

    def location_of(self, obj: User) -> str:
        return reverse("api:robot", args=[self.kwargs["name"], obj.short_name])

    @extend_schema(operation_id="robots_edit", request=RobotEdit, responses=RobotOut)
    def partial_update(self, request: Request, name: str, robot: str) -> Response:
        """Give it exactly these roles."""
        by, found = cast("User", request.user), self._robot(robot)
        require(by, "robot.edit", found.robot_of)
        self.matched(found)
        body = self.valid(RobotEdit(data=request.data))
        robots.edit_robot(by, found, roles=body["roles"])
        return self.answer(self._robot(robot))

    @extend_schema(operation_id="robots_remove", responses={204: None})
    def destroy(self, request: Request, name: str, robot: str) -> Response:
        robots.remove_robot(cast("User", request.user), self.matched(self._robot(robot)))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _robot(self, name: str) -> User:
        return cast("User", self.one(username=robots.username_of(self.team(), name)))


class RobotTokens(IdempotentMixin, _OfTeam):
    """The tokens of one robot. Rotated, narrowed and revoked under `/tokens/{id}/`."""

    serializer_class = TokenOut
    ordering_fields = ("created_at", "name")
    ordering = ("-created_at",)
    search_fields = ("name",)
    secret_fields = ("token",)

    def get_queryset(self) -> QuerySet[Token]:
        return Token.objects.visible_to(cast("User", self.request.user)).filter(user=self._robot())

    @extend_schema(operation_id="robot_tokens_list")
    def list(self, request: Request, name: str, robot: str) -> Response:
        return self.paged(self.get_queryset().select_related("user"))

    @extend_schema(operation_id="robot_tokens_create", request=TokenIn, responses={201: TokenMade})
    def create(self, request: Request, name: str, robot: str) -> Response:
        by, found = cast("User", request.user), self._robot()
        require(by, "robot.edit", found.robot_of)
        return made_token(by, found, self.valid(TokenIn(data=request.data)))

    def _robot(self) -> User:
        team = self.team()
        found = robots_of(team).filter(username=robots.username_of(team, self.kwargs.get("robot", ""))).first()
        if found is None:
            raise Http404
        return found
