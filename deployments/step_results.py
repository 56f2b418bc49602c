"""What measurements and voices have come to at each step, in a few words for the track."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from deployments.engine.gates import START

if TYPE_CHECKING:
    from deployments.analysis.charts import Chart
    from deployments.analysis.facts import RunFacts
    from deployments.approval_card import Card


def results_by_step(charts: Iterable[Chart], card: Card | None) -> dict[str, str]:
    """By the name of a step: "step-2", or the stage of a blue-green release. `card` is the approval waited for."""
    runs: dict[str, list[RunFacts]] = {}
    for chart in charts:
        for run in chart.runs:
            # A run that was measured anew has the number of the try behind its name.
            runs.setdefault(run.run.partition(".")[0], []).append(run)
    found = {name: _measured(mine) for name, mine in runs.items()}
    if card is not None and card.approval.gate != START:
        found[card.approval.gate] = _voices(card)
    return found


def _measured(runs: list[RunFacts]) -> str:
    """Of all templates of a step, those of their newest run."""
    newest = {run.template.name: run for run in runs}
    rows = [row for run in newest.values() for row in run.measurements]
    passed = sum(row.status == "Successful" for row in rows)
    return _("%(passed)d of %(count)d passed") % {"passed": passed, "count": len(rows)}


def _voices(card: Card) -> str:
    rules = card.facts["rules"]
    given = sum(min(len(rule["given"]), rule["count"]) for rule in rules)
    return _("%(given)d of %(count)d voices") % {"given": given, "count": sum(rule["count"] for rule in rules)}
