"""Analysis templates that people made, and every measurement that a release took."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import Q, QuerySet
from django.urls import reverse

from accounts.models import Team
from deployments.engine import strategies
from deployments.models.release import Release
from deployments.sentences import sentence
from web.names import dns_label

if TYPE_CHECKING:
    from accounts.models import User


class AnalysisTemplateQuerySet(QuerySet["AnalysisTemplate"]):
    def visible_to(self, user: User) -> AnalysisTemplateQuerySet:
        """Templates of everybody and of the user's teams; an admin sees all."""
        if user.is_admin:
            return self
        return self.filter(Q(team__isnull=True) | Q(team__in=user.memberships.values("team")))

    def usable_by(self, team: Team) -> AnalysisTemplateQuerySet:
        """Templates that a strategy of the team's services may name."""
        return self.filter(Q(team__isnull=True) | Q(team=team))


class AnalysisTemplate(models.Model):
    """What is measured and when it is good enough. `team` None: everybody's, kept by admins; `built_in` ones are the
    code's, and rows only so that lists are one (`deployments.analysis.built_in`).

    `definition` holds the fields of `deployments.engine.strategies.AnalysisTemplate` but for the name. A release keeps
    the definitions that it started with, so that an edit never changes the rules of one under way.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=63, unique=True, validators=[dns_label])
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="analysis_templates")
    description = models.CharField(max_length=300, blank=True)
    built_in = models.BooleanField(default=False)
    definition = models.JSONField[dict[str, Any]](default=dict)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    objects = AnalysisTemplateQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("deployments:analysis_template", args=[self.name])

    @property
    def spec(self) -> strategies.AnalysisTemplate:
        """The template as the engine reads it."""
        return strategies.AnalysisTemplate.from_json({**self.definition, "name": self.name})


class Measurement(models.Model):
    """One measurement: taken once, never changed. `status` is Successful, Failed, Inconclusive or Error.

    `since` is where its window begins, `early` says that the weight was too young for the template's whole window.
    `stable_value` is the same of the old version, `samples` what the value stands on; None where not known.
    """

    id = models.BigAutoField(primary_key=True)
    release = models.ForeignKey(Release, on_delete=models.CASCADE, related_name="measurements")
    run = models.CharField(max_length=64)
    template = models.CharField(max_length=63)
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    since = models.DateTimeField()
    early = models.BooleanField(default=False)
    query = models.TextField(blank=True)
    value = models.FloatField(null=True)
    stable_value = models.FloatField(null=True)
    samples = models.FloatField(null=True)
    stable_samples = models.FloatField(null=True)
    weight = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=16)
    words = models.JSONField[dict[str, Any]](default=dict)

    class Meta:
        ordering = ["release", "at", "id"]
        constraints = [
            models.UniqueConstraint(fields=["release", "run", "template", "number"], name="measured_once"),
        ]

    def __str__(self) -> str:
        return f"{self.run} {self.template} {self.number}: {self.status}"

    @property
    def sentence(self) -> str:
        """What was compared with what, in the language of the reader."""
        return sentence(self.words["code"], self.words["params"]) if self.words else ""
