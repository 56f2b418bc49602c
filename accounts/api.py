"""People, teams, members and saved views over REST."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.db import transaction
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts import queries
from accounts.commands import roles, saved_views, teams, users
from accounts.environments import require_environment
from accounts.models import CustomRole, Membership, SavedView, Team, User
from accounts.permissions import ANYWHERE, PERMISSIONS, answer_for, require
from accounts.serializers import (
    MemberIn,
    MemberOut,
    MeOut,
    PermissionAnswer,
    PermissionOut,
    RoleEdit,
    RoleIn,
    RoleOut,
    SavedViewIn,
    SavedViewOut,
    TeamEdit,
    TeamIn,
    TeamOut,
    UserEdit,
    UserIn,
    UserOut,
)
from durable.idempotency import IdempotentMixin
from services.queries import team_of_service
from web import filters
from web.api import ApiView, ApiViewSet, MadeByPost, created
from web.errors import BadParameter, Invalid
from web.etag import NO_TAG, require_match

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


def caller(request: Request) -> User:
    """The person behind a call that has passed authentication."""
    return cast("User", request.user)


class MeView(ApiView):
    """The caller."""

    @extend_schema(operation_id="me", responses=MeOut)
    def get(self, request: Request) -> Response:
        return Response(MeOut(caller(request)).data)


# By permission; the shape is that of PermissionAnswer.
_ANSWERS = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "properties": {
            "allowed": {"type": "boolean"},
            "why_not": {"type": "string"},
            "granted_by": {"type": "string"},
        },
        "required": ["allowed", "why_not", "granted_by"],
    },
}


class MyPermissionsView(ApiView):
    """What the caller may do: with a service or team there, else what needs none; with an environment in that one."""

    query_parameters = {"get": ["service", "team", "environment"]}

    @extend_schema(
        operation_id="my_permissions",
        parameters=[
            OpenApiParameter("service", str, description="The name of a service: asked is about its team."),
            OpenApiParameter("team", str, description="The name of a team."),
            OpenApiParameter("environment", str, description="The environment to act in; without it, in none."),
        ],
        responses={200: _ANSWERS},
    )
    def get(self, request: Request) -> Response:
        by, given = caller(request), request.query_params
        if given.get("service") and given.get("team"):
            raise BadParameter(_("Ask about a service or about a team."), next=_("Leave one of them out."))
        environment = given.get("environment", "")
        require_environment(environment)
        team = self._team(by, given.get("service", ""), given.get("team", ""))
        answers = {name: answer_for(by, name, team, environment) for name in PERMISSIONS}
        return Response({name: PermissionAnswer(one).data for name, one in answers.items()})

    def _team(self, by: User, service: str, team: str) -> Team | None:
        if not service and not team:
            return None
        found = team_of_service(by, service) if service else Team.objects.visible_to(by).filter(name=team).first()
        if found is None:
            raise Http404
        return found


class PermissionsView(ApiView):
    """Every permission there is: the matrix of the page Settings, Roles."""

    @extend_schema(operation_id="permissions", responses=PermissionOut(many=True))
    def get(self, request: Request) -> Response:
        custom = list(CustomRole.objects.all())
        return Response(PermissionOut(queries.permission_list(custom), many=True).data)


class RoleViewSet(IdempotentMixin, MadeByPost):
    """Custom roles. Everybody may know them; admins make, edit and remove them."""

    serializer_class = RoleOut
    lookup_field = "name"
    search_fields = ("name", "title")
    ordering_fields = ("name", "created_at")
    ordering = ("name",)

    def get_queryset(self) -> QuerySet[CustomRole]:
        return CustomRole.objects.all()

    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    def retrieve(self, request: Request, name: str) -> Response:
        return self.answer(self.one(name=name))

    @extend_schema(request=RoleIn, responses={201: RoleOut})
    def create(self, request: Request) -> Response:
        require(caller(request), "role.create", None)
        return self.made(roles.create_role(caller(request), **self.valid(RoleIn(data=request.data))))

    def location_of(self, obj: CustomRole) -> str:
        return reverse("api:role", args=[obj.name])

    @extend_schema(request=RoleEdit, responses=RoleOut)
    def partial_update(self, request: Request, name: str) -> Response:
        require(caller(request), "role.edit", None)
        role = self.matched(self.one(name=name))
        return self.answer(roles.edit_role(caller(request), role, **self.valid(RoleEdit(data=request.data))))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str) -> Response:
        require(caller(request), "role.remove", None)
        roles.remove_role(caller(request), self.matched(self.one(name=name)))
        return Response(status=status.HTTP_204_NO_CONTENT)


class UserViewSet(IdempotentMixin, MadeByPost):
    """People. Admins see everybody and may make and edit them; others see the people of their teams."""

    serializer_class = UserOut
    lookup_field = "username"
    filter_fields = {"is_active": filters.boolean("is_active"), "is_admin": filters.boolean("is_admin")}
    search_fields = ("username", "email")
    ordering_fields = ("username", "created_at")
    ordering = ("username",)

    def get_queryset(self) -> QuerySet[User]:
        return User.objects.visible_to(caller(self.request))

    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    def retrieve(self, request: Request, username: str) -> Response:
        return self.answer(self._person(username))

    @extend_schema(request=UserIn, responses={201: UserOut})
    def create(self, request: Request) -> Response:
        require(caller(request), "user.create", None)
        body = self.valid(UserIn(data=request.data))
        user = users.create_user(
            caller(request), body["username"], body["password"], email=body["email"], is_admin=body["is_admin"]
        )
        return self.made(user)

    def location_of(self, obj: User) -> str:
        return reverse("api:user", args=[obj.username])

    @extend_schema(request=UserEdit, responses=UserOut)
    def partial_update(self, request: Request, username: str) -> Response:
        user = self._person(username)
        require(caller(request), "user.edit", None)
        self.matched(user)
        body = self.valid(UserEdit(data=request.data))
        with transaction.atomic():
            if password := body.pop("password", None):
                users.set_password(caller(request), user, password)
            edited = users.edit_user(caller(request), user, **body)
        return self.answer(edited)

    def _person(self, username: str) -> User:
        return cast("User", self.one(username__iexact=username))


class TeamViewSet(IdempotentMixin, MadeByPost):
    """Teams: all for admins, one's own for others."""

    serializer_class = TeamOut
    lookup_field = "name"
    search_fields = ("name", "title")
    ordering_fields = ("name", "created_at")
    ordering = ("name",)

    def get_queryset(self) -> QuerySet[Team]:
        return queries.team_list(caller(self.request))

    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    def retrieve(self, request: Request, name: str) -> Response:
        return self.answer(self.one(name=name))

    @extend_schema(request=TeamIn, responses={201: TeamOut})
    def create(self, request: Request) -> Response:
        require(caller(request), "team.create", None)
        body = self.valid(TeamIn(data=request.data))
        team = teams.create_team(caller(request), body["name"], body["title"])
        return created(TeamOut(self.one(pk=team.pk)).data, self.location_of(team))

    def location_of(self, obj: Team) -> str:
        return reverse("api:team", args=[obj.name])

    @extend_schema(request=TeamEdit, responses=TeamOut)
    def partial_update(self, request: Request, name: str) -> Response:
        team = self.one(name=name)
        require(caller(request), "team.edit", team)
        self.matched(team)
        body = self.valid(TeamEdit(data=request.data))
        return self.answer(teams.edit_team(caller(request), team, **body))


class MemberViewSet(IdempotentMixin, ApiViewSet):
    """Who holds which role in a team. Changed by its maintainers and by admins."""

    serializer_class = MemberOut
    ordering_fields = ("created_at",)
    ordering = ("created_at",)
    filter_fields = {"role": "role", "environment": "environment"}
    query_parameters = {"destroy": ["role", "environment"]}

    def get_queryset(self) -> QuerySet[Membership]:
        return Membership.objects.filter(team=self._team()).select_related("user", "identity__provider")

    def list(self, request: Request, name: str) -> Response:
        return self.paged(self.get_queryset())

    @extend_schema(request=MemberIn, responses={201: MemberOut})
    def create(self, request: Request, name: str) -> Response:
        team = self._team()
        require(caller(request), "team.add_member", team, ANYWHERE)
        body = self.valid(MemberIn(data=request.data))
        user = User.objects.filter(username__iexact=body["user"]).first()
        if user is None:
            raise Invalid.at("/user", "does_not_exist", _("There is no user named %(name)s.") % {"name": body["user"]})
        membership = teams.add_member(caller(request), team, user, body["role"], body["environment"])
        return created(MemberOut(membership).data, reverse("api:member", args=[team.name, user.username]))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, name: str, user: str) -> Response:
        team = self._team()
        require(caller(request), "team.remove_member", team, ANYWHERE)
        require_match(request, NO_TAG)
        member = User.objects.filter(username__iexact=user).first()
        if member is None:
            raise Http404
        given = request.query_params
        teams.remove_member(caller(request), team, member, given.get("role", ""), given.get("environment"))
        return Response(status=status.HTTP_204_NO_CONTENT)

    def _team(self) -> Team:
        team = Team.objects.visible_to(caller(self.request)).filter(name=self.kwargs.get("name", "")).first()
        if team is None:
            raise Http404
        return team


class SavedViewViewSet(IdempotentMixin, ApiViewSet):
    """Saved views of lists: one's own and those of one's teams."""

    serializer_class = SavedViewOut
    filter_fields = {"of": "of", "team": "team__name"}
    search_fields = ("name",)
    ordering_fields = ("name", "created_at")
    ordering = ("name",)

    def get_queryset(self) -> QuerySet[SavedView]:
        return SavedView.objects.visible_to(caller(self.request)).select_related("team", "owner")

    def list(self, request: Request) -> Response:
        return self.paged(self.get_queryset())

    def retrieve(self, request: Request, pk: Any) -> Response:
        return self.answer(self.one(pk=pk))

    @extend_schema(request=SavedViewIn, responses={201: SavedViewOut})
    def create(self, request: Request) -> Response:
        body = self.valid(SavedViewIn(data=request.data))
        by, team = caller(request), None
        if body["team"]:
            team = Team.objects.visible_to(by).filter(name=body["team"]).first()
            if team is None:
                raise Invalid.at("/team", "does_not_exist", _("There is no team %(name)s.") % {"name": body["team"]})
        view = saved_views.save_view(by, body["of"], body["name"], body["query"], team)
        return created(SavedViewOut(view).data, reverse("api:saved_view", args=[view.pk]))

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, pk: Any) -> Response:
        saved_views.remove_view(caller(request), self.matched(self.one(pk=pk)))
        return Response(status=status.HTTP_204_NO_CONTENT)
