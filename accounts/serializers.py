"""People, teams and tokens as JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Membership, Role, SavedView, Team, Token, User
from accounts.permissions import SCOPES


class UserOut(serializers.ModelSerializer[User]):
    email = serializers.CharField(read_only=True, help_text="Empty when none is known.")

    class Meta:
        model = User
        fields = ["id", "username", "email", "is_admin", "is_active", "created_at"]
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

    teams = serializers.SerializerMethodField()
    token = serializers.SerializerMethodField()

    class Meta(UserOut.Meta):
        fields = [*UserOut.Meta.fields, "teams", "token"]
        read_only_fields = fields

    def get_teams(self, user: User) -> dict[str, list[str]]:
        roles: dict[str, list[str]] = {}
        for team, role in user.memberships.order_by("team__name", "role").values_list("team__name", "role"):
            roles.setdefault(team, []).append(role)
        return roles

    def get_token(self, user: User) -> dict[str, Any] | None:
        return {"name": user.token.name, "scopes": user.token.scopes} if user.token else None


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

    class Meta:
        model = Membership
        fields = ["user", "role", "created_at"]
        read_only_fields = fields


class MemberIn(serializers.Serializer[Any]):
    user = serializers.CharField(max_length=150, help_text="A user name.")
    role = serializers.ChoiceField(Role.choices)


class TokenOut(serializers.ModelSerializer[Token]):
    user = serializers.CharField(source="user.username")
    scopes = serializers.ListField(child=serializers.CharField())
    state = serializers.ChoiceField(["usable", "expired", "revoked"])

    class Meta:
        model = Token
        fields = [
            *("id", "user", "name", "prefix", "scopes", "state"),
            *("created_at", "expires_at", "last_used_at", "revoked_at"),
        ]
        read_only_fields = fields


class TokenMade(TokenOut):
    token = serializers.CharField(help_text="The token itself, in this answer only.")

    class Meta(TokenOut.Meta):
        fields = [*TokenOut.Meta.fields, "token"]
        read_only_fields = fields


class TokenIn(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(child=serializers.ChoiceField(SCOPES), required=False, default=list)
    expires = serializers.CharField(required=False, default="", allow_blank=True, help_text="As 12h or 30d.")


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
