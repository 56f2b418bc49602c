"""Tries a template on what runs now: the queries it sends, the values that come back, and what they would mean."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from deployments.analysis.filling import Where
from deployments.analysis.taking import Taken, take
from deployments.analysis.templates import names_in, usable_templates
from deployments.analysis.versions import Versions, versions_at
from deployments.engine.json import Json
from deployments.engine.judge import ERROR
from deployments.engine.strategies import AnalysisTemplate, Strategy
from deployments.models import Release
from deployments.sentences import sentence
from deployments.warnings import Note
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


def try_template(template: AnalysisTemplate, target: Target, versions: Versions | None = None) -> Trial:
    """One measurement of the template at the target, over its whole window; nothing is stored.

    A release under way gives the two versions; else what runs is asked for in the place of both.
    """
    versions = versions or versions_at(target, Release.objects.active().filter(target=target).first())
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


def template_notes(strategy: Strategy, target: Target) -> tuple[list[Note], list[Note]]:
    """What the plan says of a strategy's analysis: refusals and warnings.

    Every template that it names is tried on what runs now. Refused: one that the team may not use, a query that cannot
    be read here, or gives a matrix or many series. Warned: a Prometheus that does not answer; it is asked no further.
    """
    refusals: list[Note] = []
    warnings: list[Note] = []
    named = names_in(strategy)
    usable = usable_templates(named, target.service.team)
    versions = versions_at(target, None) if usable else Versions()
    for name, pointers in sorted(named.items()):
        if name not in usable:
            detail = sentence("template_unknown", {"template": name, "team": target.service.team.name})
            refusals += [Note("unknown_template", detail, pointer=pointer) for pointer in pointers]
            continue
        trial = None if warnings else try_template(usable[name], target, versions)
        if trial and trial.taken.refused:
            detail = sentence("template_unusable", {"template": name, "words": trial.taken.refused})
            refusals += [Note("analysis_query", detail, pointer=pointer) for pointer in pointers]
        elif trial and trial.status == ERROR:
            params = {"template": name, "words": trial.sentence}
            warnings.append(Note("analysis_unmeasured", sentence("template_not_measured", params), pointer=pointers[0]))
    return refusals, warnings
