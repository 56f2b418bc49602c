"""People, teams, and who is what in which team."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar
from uuid import uuid4

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from web.names import dns_label

if TYPE_CHECKING:
    from accounts.models.tokens import Token

username_rule = RegexValidator(
    r"\A[A-Za-z0-9][A-Za-z0-9._@+-]{0,149}\Z",
    _("Use 1 to 150 letters, digits and . _ @ + - , beginning with a letter or digit."),
    "username",
)


class UserQuerySet(models.QuerySet["User"]):
    def visible_to(self, user: User) -> UserQuerySet:
        """Admins see everybody; others themselves and the people of their teams."""
        if user.is_admin:
            return self
        colleagues = Membership.objects.filter(team__in=Team.objects.visible_to(user)).values("user")
        return self.filter(models.Q(pk=user.pk) | models.Q(pk__in=colleagues))


class People(BaseUserManager["User"]):
    """Finds people by name, whatever its case."""

    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def visible_to(self, user: User) -> UserQuerySet:
        """See UserQuerySet.visible_to."""
        return self.get_queryset().visible_to(user)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username__iexact=username or "")


class Theme(models.TextChoices):
    SYSTEM = "system", _("As the system")
    LIGHT = "light", _("Light")
    DARK = "dark", _("Dark")


class User(AbstractBaseUser):
    """A person, or a robot of one team. Rights come from memberships; an admin passes every check.

    A robot has no password and never signs in: it acts through tokens that the maintainers of its team look after.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        ROBOT = "robot", _("Robot")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    username = models.CharField(_("user name"), max_length=150, validators=[username_rule])
    email = models.EmailField(_("e-mail"), blank=True, default="")
    is_admin = models.BooleanField(_("admin"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    theme = models.CharField(max_length=10, default="system", choices=Theme.choices)
    # Tokens of a person without a password here work until then: as long as a provider vouches. None: without end.
    vouched_until = models.DateTimeField(null=True, editable=False)
    kind = models.CharField(max_length=6, choices=Kind.choices, default=Kind.PERSON, editable=False)
    robot_of = models.ForeignKey(
        "accounts.Team", models.CASCADE, null=True, blank=True, editable=False, related_name="robots"
    )

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[People] = People()

    # The token this call came with; None in a browser session. It narrows what the person may do.
    token: Token | None = None

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(Lower("username"), name="user_name_whatever_case"),
            models.CheckConstraint(
                condition=models.Q(kind="person", robot_of=None)
                | models.Q(kind="robot", robot_of__isnull=False, is_admin=False),
                name="robot_has_a_team_and_is_no_admin",
            ),
        ]
        ordering: ClassVar = ["username"]

    def __str__(self) -> str:
        return self.username

    @property
    def is_vouched(self) -> bool:
        """Whether tokens of this person work, as far as their identity provider has a say in it."""
        return self.vouched_until is None or self.vouched_until > timezone.now()

    @property
    def is_robot(self) -> bool:
        return self.kind == self.Kind.ROBOT

    @property
    def short_name(self) -> str:
        """What a robot is called in its team: `ci` of `ci@payments`; a person's user name."""
        return self.username.rpartition("@")[0] if self.is_robot else self.username


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, user: User) -> TeamQuerySet:
        """Admins see every team; others those they belong to."""
        return self if user.is_admin else self.filter(pk__in=user.memberships.values("team"))


class Team(models.Model):
    """Who owns services together."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(_("name"), max_length=63, validators=[dns_label])
    title = models.CharField(_("title"), max_length=200, blank=True, default="")
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = TeamQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(Lower("name"), name="team_name_whatever_case")]
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    VIEWER = "viewer", _("Viewer")
    DEVELOPER = "developer", _("Developer")
    APPROVER = "approver", _("Approver")
    MAINTAINER = "maintainer", _("Maintainer")


class Membership(models.Model):
    """One role of one person in one team, for all environments or for one; a person may hold several."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    team = models.ForeignKey(Team, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    # One of the four, or the name of a custom role.
    role = models.CharField(_("role"), max_length=63)
    # The name of the only environment in which the role counts; empty: in all of them.
    environment = models.CharField(_("environment"), max_length=63, blank=True, default="")
    # Given by a group rule to this identity, and taken away by it alone; None: given by a person.
    identity = models.ForeignKey(
        "accounts.Identity", models.CASCADE, null=True, blank=True, editable=False, related_name="memberships"
    )
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint("team", "user", "role", "environment", name="role_once_per_team_user_and_place")
        ]
        ordering: ClassVar = ["user__username", "role", "environment"]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role} {self.team_id} {self.environment}".strip()

    @property
    def role_title(self) -> str:
        """As a page says it."""
        return str(Role(self.role).label) if self.role in Role.values else self.role
