"""Identity providers, group rules and identities as JSON."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import GroupRule, Identity, IdentityProvider


class ProviderOut(serializers.ModelSerializer[IdentityProvider]):
    """A provider. Its client secret is written and never read."""

    preset = serializers.ChoiceField(IdentityProvider.Preset.choices)
    has_client_secret = serializers.SerializerMethodField()
    callback_url = serializers.SerializerMethodField(help_text="The redirect URI to be entered at the provider.")

    class Meta:
        model = IdentityProvider
        fields = [
            *("id", "name", "title", "preset", "issuer", "client_id", "has_client_secret", "scopes"),
            *("username_claim", "email_claim", "groups_claim", "trust_email", "makes_people"),
            *("allow_private_address", "is_active", "token_days", "callback_url", "created_at"),
        ]
        read_only_fields = fields

    def get_has_client_secret(self, provider: IdentityProvider) -> bool:
        return bool(provider.client_secret)

    def get_callback_url(self, provider: IdentityProvider) -> str:
        from accounts.oidc.flow import callback_url

        return callback_url(provider)


class ProviderEdit(serializers.Serializer[Any]):
    title = serializers.CharField(max_length=80, required=False)
    issuer = serializers.CharField(max_length=500, required=False)
    client_id = serializers.CharField(max_length=255, required=False)
    client_secret = serializers.CharField(
        max_length=2000, required=False, allow_blank=True, trim_whitespace=False, write_only=True
    )
    scopes = serializers.CharField(max_length=500, required=False)
    username_claim = serializers.CharField(max_length=100, required=False)
    email_claim = serializers.CharField(max_length=100, required=False)
    groups_claim = serializers.CharField(max_length=100, required=False, allow_blank=True)
    trust_email = serializers.BooleanField(required=False)
    makes_people = serializers.BooleanField(required=False)
    allow_private_address = serializers.BooleanField(required=False)
    is_active = serializers.BooleanField(required=False)
    token_days = serializers.IntegerField(min_value=0, max_value=3650, required=False)


class ProviderIn(ProviderEdit):
    name = serializers.CharField(max_length=200)
    preset = serializers.ChoiceField(IdentityProvider.Preset.choices, required=False)
    issuer = serializers.CharField(max_length=500)
    client_id = serializers.CharField(max_length=255)


class GroupRuleOut(serializers.ModelSerializer[GroupRule]):
    team = serializers.CharField(source="team.name", default="", help_text="Empty for a rule that makes admins.")
    role = serializers.CharField(help_text="Empty for a rule that makes admins.")
    environment = serializers.CharField(help_text="Empty: every environment.")

    class Meta:
        model = GroupRule
        fields = ["id", "group", "team", "role", "environment", "gives_admin", "created_at"]
        read_only_fields = fields


class GroupRuleIn(serializers.Serializer[Any]):
    group = serializers.CharField(max_length=255, trim_whitespace=False)
    team = serializers.CharField(max_length=63, required=False, default="", allow_blank=True)
    role = serializers.CharField(max_length=63, required=False, default="", allow_blank=True)
    environment = serializers.CharField(max_length=63, required=False, default="", allow_blank=True)
    gives_admin = serializers.BooleanField(required=False, default=False)


class IdentityOut(serializers.ModelSerializer[Identity]):
    provider = serializers.CharField(source="provider.name")
    user = serializers.CharField(source="user.username")
    called = serializers.CharField(help_text="The name over there at the last sign-in; empty when not known.")

    class Meta:
        model = Identity
        fields = ["id", "provider", "subject", "user", "called", "created_at", "seen_at"]
        read_only_fields = fields


class IdentityIn(serializers.Serializer[Any]):
    provider = serializers.CharField(max_length=63)
    subject = serializers.CharField(max_length=255, trim_whitespace=False)
    user = serializers.CharField(max_length=150)
