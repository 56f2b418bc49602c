"""Analysis templates over REST. Each call is one command or one query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from accounts.permissions import require
from deployments.analysis.described import all_templates, template_named
from deployments.analysis.rules import checked_template
from deployments.analysis.serializers import AnalysisTemplateSerializer, TrialIn, TrialOut
from deployments.analysis.trying import try_template
from deployments.api.callers import caller, service_and_environment
from deployments.commands.create_analysis_template import create_analysis_template
from deployments.commands.edit_analysis_template import edit_analysis_template
from deployments.commands.remove_analysis_template import remove_analysis_template
from deployments.engine import strategies
from deployments.models import AnalysisTemplate
from durable.idempotency import IdempotentMixin
from services.lookups import team_named
from services.models import Target
from web.api import ApiView, MadeByPost
from web.bodies import object_of, valid_body
from web.errors import Invalid
from web.filters import boolean

if TYPE_CHECKING:
    from rest_framework.request import Request

    from accounts.models import Team


class AnalysisTemplates(IdempotentMixin, MadeByPost):
    """Built-in templates, those of everybody, and those of the caller's teams."""

    serializer_class = AnalysisTemplateSerializer
    ordering_fields = ("name", "created_at")
    ordering = ("name",)
    search_fields = ("name", "description")
    filter_fields = {"team": "team__name", "built_in": boolean("built_in")}

    def get_queryset(self) -> Any:
        return all_templates(caller(self.request))

    @extend_schema(operation_id="analysis_templates_list")
    def list(self, request: Request) -> Response:
        """By name."""
        return self.paged(self.get_queryset())

    @extend_schema(operation_id="analysis_templates_create")
    def create(self, request: Request) -> Response:
        """Make one. Without a team it is everybody's, which an admin may."""
        fields = object_of(request)
        team = _team(request, fields.pop("team", None))
        return self.made(create_analysis_template(caller(request), team, **fields))

    def location_of(self, obj: AnalysisTemplate) -> str:
        return reverse("api:analysis_template", args=[obj.name])

    @extend_schema(operation_id="analysis_templates_retrieve")
    def retrieve(self, request: Request, name: str) -> Response:
        """One template."""
        return self.answer(self.one(name=name))

    @extend_schema(operation_id="analysis_templates_update")
    def partial_update(self, request: Request, name: str) -> Response:
        """Change the given fields. Releases under way keep the template that they started with."""
        template, fields = self.matched(self.one(name=name)), object_of(request)
        if "team" in fields and fields.pop("team") != (template.team.name if template.team else None):
            raise Invalid.at("/team", "fixed", _("A template stays with its team; copy it for another."))
        return self.answer(edit_analysis_template(caller(request), template, **fields))

    @extend_schema(operation_id="analysis_templates_destroy")
    def destroy(self, request: Request, name: str) -> Response:
        """Remove one that no default strategy names."""
        remove_analysis_template(caller(request), self.matched(self.one(name=name)))
        return Response(status=status.HTTP_204_NO_CONTENT)


class TryTemplate(IdempotentMixin, ApiView):
    """Try a template, stored or as typed, on what runs now. Nothing is stored but the answer under its key."""

    @extend_schema(operation_id="analysis_templates_try", request=TrialIn, responses=TrialOut)
    def post(self, request: Request) -> Response:
        """One measurement, judged: the query that was sent, the value and what it would mean."""
        asked, by = valid_body(TrialIn, request), caller(request)
        service, environment = service_and_environment(by, asked["service"], asked["environment"])
        target = Target.objects.visible_to(by).filter(service=service, environment=environment).first()
        if target is None:
            raise Invalid.at("/environment", "no_target", _("The service does not run in this environment."))
        require(by, "analysis_template.view", service.team)
        return Response(try_template(_template(request, asked), target).to_json())


def _template(request: Request, asked: dict[str, Any]) -> strategies.AnalysisTemplate:
    if asked.get("template"):
        return template_named(caller(request), asked["template"]).spec
    typed = asked.get("definition")
    if typed is None:
        raise Invalid.at("/template", "required", _("Name a template, or send its fields as definition."))
    typed = {name: value for name, value in typed.items() if name not in ("team", "built_in")}
    definition = checked_template({"name": "tried", **typed})["definition"]
    return strategies.AnalysisTemplate.from_json({**definition, "name": "tried"})


def _team(request: Request, name: Any) -> Team | None:
    return team_named(caller(request), name) if name is not None and name != "" else None
