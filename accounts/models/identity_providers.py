"""Whom Slipway believes who somebody is, as whom they know them, and what their groups give."""

from __future__ import annotations

from typing import Any, ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Team, User
from accounts.models.sessions import Session
from durable.encryption import EncryptedJSONField
from durable.leased_row import LeasedRow
from web.names import dns_label


class IdentityProvider(models.Model):
    """An OpenID provider that an admin trusts to say who somebody is.

    `secret` holds {client_secret}. The three claims name where in the ID token or the userinfo a thing stands; dots
    lead into objects. Without `groups_claim` the provider says nothing of groups.
    """

    class Preset(models.TextChoices):
        KEYCLOAK = "keycloak", _("Keycloak")
        OKTA = "okta", _("Okta")
        ENTRA = "entra", _("Microsoft Entra ID")
        GOOGLE = "google", _("Google")
        GITLAB = "gitlab", _("GitLab")
        DEX = "dex", _("Dex")
        GENERIC = "generic", _("Another OpenID provider")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(_("name"), max_length=63, unique=True, validators=[dns_label])
    title = models.CharField(_("title"), max_length=80)
    preset = models.CharField(_("kind"), max_length=10, choices=Preset.choices, default=Preset.GENERIC)
    issuer = models.CharField(_("issuer"), max_length=500)
    client_id = models.CharField(_("client ID"), max_length=255)
    secret = EncryptedJSONField(default=dict)
    scopes = models.CharField(_("scopes"), max_length=500, default="openid profile email")
    username_claim = models.CharField(_("claim with the user name"), max_length=100, default="preferred_username")
    email_claim = models.CharField(_("claim with the e-mail address"), max_length=100, default="email")
    groups_claim = models.CharField(_("claim with the groups"), max_length=100, blank=True, default="groups")
    trust_email = models.BooleanField(_("its verified e-mail addresses are believed"), default=False)
    makes_people = models.BooleanField(_("makes an account at the first sign-in"), default=True)
    allow_private_address = models.BooleanField(_("it is at a private address"), default=False)
    is_active = models.BooleanField(_("switched on"), default=True)
    token_days = models.PositiveSmallIntegerField(_("days that tokens outlive the last sign-in"), default=30)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["title", "name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("identity_provider", args=[self.name])

    @property
    def client_secret(self) -> str:
        """What Slipway proves itself with; "" for a public client."""
        kept: dict[str, str] = self.secret
        return kept.get("client_secret", "")


class IdentityQuerySet(models.QuerySet["Identity"]):
    def visible_to(self, user: User) -> IdentityQuerySet:
        """Admins see everybody's; others their own."""
        return self if user.is_admin else self.filter(user=user)


class Identity(models.Model):
    """A person as one provider knows them: by `subject`, which never changes there, and by nothing else.

    `gives_admin`: a group rule made this person an admin, and may take it away again.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    provider = models.ForeignKey(IdentityProvider, models.CASCADE, related_name="identities")
    subject = models.CharField(_("subject"), max_length=255)
    user = models.ForeignKey(User, models.CASCADE, related_name="identities")
    called = models.CharField(max_length=255, blank=True, default="", editable=False)
    gives_admin = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False)

    objects = IdentityQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["provider__name", "created_at"]
        constraints: ClassVar = [models.UniqueConstraint("provider", "subject", name="subject_once_a_provider")]

    def __str__(self) -> str:
        return f"{self.provider.name}: {self.called or self.subject}"


class GroupRule(models.Model):
    """What members of a provider's group are here: a role in a team (in one environment, or in all), or admin."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    provider = models.ForeignKey(IdentityProvider, models.CASCADE, related_name="rules")
    group = models.CharField(_("group"), max_length=255)
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="group_rules")
    role = models.CharField(_("role"), max_length=63, blank=True, default="")
    environment = models.CharField(_("environment"), max_length=63, blank=True, default="")
    gives_admin = models.BooleanField(_("admin"), default=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        ordering: ClassVar = ["group", "team__name", "role", "environment"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                "provider",
                "group",
                "team",
                "role",
                "environment",
                condition=Q(gives_admin=False),
                name="group_rule_once",
            ),
            models.UniqueConstraint("provider", "group", condition=Q(gives_admin=True), name="admin_rule_once"),
            models.CheckConstraint(
                condition=Q(gives_admin=True, team=None, role="", environment="")
                | (Q(gives_admin=False, team__isnull=False) & ~Q(role="")),
                name="group_rule_gives_one_thing",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider.name}: {self.group}"


class ProviderSession(LeasedRow):
    """What a provider gave for one session, which lasts as long as the provider vouches for it.

    It goes with the session, whoever ends that. `tokens` holds {refresh_token, id_token}. `unheard_since`: the provider
    could not be asked since then.
    """

    PROVEN, CHECKING = "proven", "checking"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    session = models.OneToOneField(Session, models.CASCADE, related_name="vouched")
    identity = models.ForeignKey(Identity, models.CASCADE, related_name="sessions")
    tokens = EncryptedJSONField(default=dict)
    checked_at = models.DateTimeField(default=timezone.now)
    unheard_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.identity_id} {self.state}"

    @property
    def refresh_token(self) -> str:
        """With which the provider is asked again; "" where it gave none."""
        kept: dict[str, Any] = self.tokens
        return str(kept.get("refresh_token") or "")

    @property
    def id_token(self) -> str:
        """The last ID token: a provider wants it back when somebody signs out."""
        kept: dict[str, Any] = self.tokens
        return str(kept.get("id_token") or "")
