"""Lists as people want to see them again."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models.functions import Lower
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.people import Team, User


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: User) -> SavedViewQuerySet:
        """One's own, and those of one's teams; other people's own are nobody's business, an admin's neither."""
        teams = Team.objects.all() if user.is_admin else Team.objects.filter(memberships__user=user)
        return self.filter(models.Q(owner=user, team=None) | models.Q(team__in=teams))


class SavedView(models.Model):
    """A list as somebody wants to see it again: its filters, order and columns. Private, or of a team."""

    class Of(models.TextChoices):
        SERVICES = "services", _("Services")
        RELEASES = "releases", _("Releases")
        CLUSTERS = "clusters", _("Clusters")
        AUDIT = "audit", _("Audit")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    of = models.CharField(max_length=12, choices=Of.choices)
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(max_length=2000, blank=True)
    owner = models.ForeignKey(User, models.CASCADE, related_name="saved_views")
    team = models.ForeignKey(Team, models.CASCADE, null=True, blank=True, related_name="saved_views")
    created_at = models.DateTimeField(default=timezone.now, editable=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["name", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                "of", "owner", Lower("name"), condition=models.Q(team=None), name="own_view_name_once"
            ),
            models.UniqueConstraint(
                "of", "team", Lower("name"), condition=models.Q(team__isnull=False), name="team_view_name_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def url(self) -> str:
        """The list with its query."""
        page = reverse("deployments:releases" if self.of == self.Of.RELEASES else self.of)
        return f"{page}?{self.query}" if self.query else page
