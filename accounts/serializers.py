"""People and teams as JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import CustomRole, Membership, SavedView, Team, User


class UserOut(serializers.ModelSerializer[User]):
    email = serializers.CharField(read_only=True, help_text="Empty when none is known.")

    class Meta:
        model = User
        fields = ["id", "username", "kind", "email", "is_admin", "is_active", "created_at"]
        read_only_fields = fields


class UserIn(serializers.Serializer[Any]):
    username = serializers.CharField(max_length=150)
    password = serializers.CharField(max_length=500, trim_whitespace=False, write_only=True)
    email = serializers.EmailField(required=False, default="", allow_blank=True)
    is_admin = serializers.BooleanField(required=False, default=False)


class UserEdit(serializers.Serializer[Any]):
    email = serializers.EmailField(required=False, allow_blank=True)
    is_admin = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)
    password = serializers.CharField(max_length=500, trim_whitespace=False, write_only=True, required=False)


class MeOut(UserOut):
    """The caller, with roles by team and the scopes of the token in use."""

    teams = serializers.SerializerMethodField(help_text="By team, the roles that hold for all environments.")
    roles = serializers.SerializerMethodField(
        help_text="Each role, with the one environment that it holds for, if any."
    )
    token = serializers.SerializerMethodField()

    class Meta(UserOut.Meta):
        fields = [*UserOut.Meta.fields, "teams", "roles", "token"]
        read_only_fields = fields

    def get_teams(self, user: User) -> dict[str, list[str]]:
        roles: dict[str, list[str]] = {}
        for team, role, environment in self._held(user):
            roles.setdefault(team, []).extend([] if environment else [role])
        return roles

    def get_roles(self, user: User) -> list[dict[str, str]]:
        return [
            {"team": team, "role": role, "environment": environment} for team, role, environment in self._held(user)
        ]

    def _held(self, user: User) -> list[tuple[str, str, str]]:
        if "held" not in self.__dict__:
            rows = user.memberships.order_by("team__name", "role", "environment")
            self.__dict__["held"] = list(rows.values_list("team__name", "role", "environment"))
        held: list[tuple[str, str, str]] = self.__dict__["held"]
        return held

    def get_token(self, user: User) -> dict[str, Any] | None:
        if user.token is None:
            return None
        names = ("name", "scopes", "teams", "services", "environments", "expires_at")
        return {name: getattr(user.token, name) for name in names}


class TeamOut(serializers.ModelSerializer[Team]):
    people = serializers.IntegerField(read_only=True, help_text="How many persons belong to it.")

    class Meta:
        model = Team
        fields = ["id", "name", "title", "people", "created_at"]
        read_only_fields = fields


class TeamIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    title = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)


class TeamEdit(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200, allow_blank=True)


class MemberOut(serializers.ModelSerializer[Membership]):
    user = serializers.CharField(source="user.username")
    given_by = serializers.CharField(
        source="identity.provider.name", default="", help_text="The identity provider whose group gave it, else empty."
    )

    class Meta:
        model = Membership
        fields = ["user", "role", "environment", "given_by", "created_at"]
        read_only_fields = fields


class MemberIn(serializers.Serializer[Any]):
    user = serializers.CharField(max_length=150, help_text="A user name.")
    role = serializers.CharField(
        max_length=63, trim_whitespace=False, help_text="viewer, developer, approver, maintainer or a custom role."
    )
    environment = serializers.CharField(
        max_length=63, required=False, default="", allow_blank=True, help_text="The only one it counts in; empty: all."
    )


class RoleOut(serializers.ModelSerializer[CustomRole]):
    """A custom role. Reading what the team owns is in every role, and not listed."""

    permissions = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = CustomRole
        fields = ["id", "name", "title", "permissions", "created_at"]
        read_only_fields = fields


class RoleIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=200)
    title = serializers.CharField(max_length=200, required=False, default="", allow_blank=True)
    permissions = serializers.ListField(child=serializers.CharField(max_length=100), max_length=200)


class RoleEdit(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=200, required=False, allow_blank=True)
    permissions = serializers.ListField(child=serializers.CharField(max_length=100), max_length=200, required=False)


class PermissionOut(serializers.Serializer[Any]):
    """A permission: which roles hold it in a team (none: admins only), and which token scopes reach it."""

    permission = serializers.CharField()
    roles = serializers.ListField(child=serializers.CharField())
    scopes = serializers.ListField(child=serializers.CharField())


class PermissionAnswer(serializers.Serializer[Any]):
    """Whether the caller may; if not, why, and who can grant it."""

    allowed = serializers.BooleanField()
    why_not = serializers.CharField(allow_blank=True)
    granted_by = serializers.CharField(allow_blank=True)


class SavedViewOut(serializers.ModelSerializer[SavedView]):
    owner = serializers.CharField(source="owner.username")
    team = serializers.CharField(source="team.name", default="", help_text="Empty for a view of one's own.")
    url = serializers.CharField(help_text="The page of the list with this query.")

    class Meta:
        model = SavedView
        fields = ["id", "of", "name", "query", "owner", "team", "url", "created_at"]
        read_only_fields = fields


class SavedViewIn(serializers.Serializer[Any]):
    of = serializers.ChoiceField(SavedView.Of.choices)
    name = serializers.CharField(max_length=60)
    query = serializers.CharField(max_length=2000, required=False, default="", allow_blank=True)
    team = serializers.CharField(max_length=63, required=False, default="", allow_blank=True)
