"""Tries a template on what runs now: the queries it sends, the values that come back, and what they would mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from clusters.promql import BadQuery
from deployments.analysis.filling import Where, filled
from deployments.analysis.taking import Taken, take
from deployments.analysis.templates import names_in, usable_templates
from deployments.analysis.versions import versions_at
from deployments.engine.json import Json
from deployments.engine.judge import ERROR
from deployments.engine.strategies import AnalysisTemplate, Strategy
from deployments.models import Release
from deployments.sentences import sentence
from services.models import Target


@dataclass(frozen=True)
class Trial:
    """What one measurement would say now. `compares` is False where nothing but the running version was there, so that
    it stands for both."""

    taken: Taken
    where: Where
    compares: bool

    @property
    def status(self) -> str:
        return self.taken.judged.status

    @property
    def sentence(self) -> str:
        """What was compared with what, in the language of the reader."""
        said = self.taken.judged.sentence
        return sentence(said.code, said.params)

    def to_json(self) -> Json:
        taken = self.taken
        return {
            "status": self.status,
            "message": self.sentence,
            "query": taken.query,
            "value": taken.judged.value,
            "stable_value": taken.stable_value,
            "samples": taken.samples,
            "compares": self.compares,
        }


def try_template(template: AnalysisTemplate, target: Target) -> Trial:
    """One measurement of the template at the target, over its whole window; nothing is stored.

    A release under way gives the two versions; else what runs is asked for in the place of both.
    """
    release = Release.objects.active().filter(target=target).first()
    versions = versions_at(target, release)
    where = Where(
        target.service.name,
        target.namespace,
        target.workload,
        versions.new or versions.old,
        versions.old or versions.new,
        timedelta(seconds=template.window_seconds),
    )
    taken = take(template, target.cluster, where, versions.restarts_of)
    return Trial(taken, where, compares=bool(versions.new and versions.old))


def template_findings(strategy: Strategy, target: Target) -> tuple[list[Json], list[Json]]:
    """What the plan says of a strategy's analysis: refusals and warnings, each {code, detail, pointer}.

    Every template that it names is tried on what runs now. Refused: one that the team has not, a query that cannot be
    read or gives many series. Warned: a Prometheus that does not answer.
    """
    refusals: list[Json] = []
    warnings: list[Json] = []
    named = names_in(strategy)
    usable = usable_templates(named, target.service.team)
    for name, pointers in named.items():
        if name not in usable:
            detail = sentence("template_unknown", {"template": name, "team": target.service.team.name})
            refusals += [{"code": "unknown_template", "detail": detail, "pointer": pointer} for pointer in pointers]
            continue
        refused, warned = _trouble_of(usable[name], target)
        place = {"pointer": pointers[0]}
        refusals += [{"code": "analysis_query", "detail": refused, **place}] if refused else []
        warnings += [{"code": "analysis_unmeasured", "detail": warned, **place}] if warned else []
    return refusals, warnings


def _trouble_of(template: AnalysisTemplate, target: Target) -> tuple[str, str]:
    """Why the template cannot be used at the target, and what may go wrong with it; "" for nothing."""
    trial = try_template(template, target)
    for query in (template.query, template.samples):
        try:
            filled(query, template, trial.where) if query else ""
        except BadQuery as error:
            return sentence("template_unusable", {"template": template.name, "words": error.detail}), ""
    if trial.taken.refused:
        return sentence("template_unusable", {"template": template.name, "words": trial.taken.refused}), ""
    if trial.status == ERROR:
        return "", f"{template.name}: {trial.sentence}"
    return "", ""
