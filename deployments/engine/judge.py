"""What one measurement says, and what the measurements of one template say together. Numbers in, a verdict out.

A measurement is Successful, Failed, Inconclusive (nothing can be said) or Error (nobody was there to ask).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import count as numbers_from

from deployments.engine.conditions import holds
from deployments.engine.decision import Sentence
from deployments.engine.json import Json
from deployments.engine.proportions import ALPHA, Share, difference, z_for_look
from deployments.engine.seen import Measurement
from deployments.engine.strategies import AnalysisTemplate

SUCCESSFUL, FAILED, INCONCLUSIVE, ERROR = "Successful", "Failed", "Inconclusive", "Error"
RUNNING, PASSED, FAILED_RUN, UNDECIDED = "running", "passed", "failed", "inconclusive"
AGAINST_STABLE = "error-rate-vs-stable"
RESTARTS = "restarts"
COMPARISONS = (AGAINST_STABLE, RESTARTS)
MARGIN = 0.01
# One look that says no may be chance, and the next one costs only an interval.
LOOKS_IN_A_ROW = 2


@dataclass(frozen=True)
class Judged:
    """What one measurement came to. `bounds` are the interval that a comparison found."""

    status: str
    value: float | None
    sentence: Sentence
    bounds: tuple[float, float] | None = None


def judge_value(template: AnalysisTemplate, value: float | None, samples: float | None) -> Judged:
    """One value against the conditions. None, NaN, infinity or too few samples are Inconclusive, never a success."""
    if value is None:
        return Judged(INCONCLUSIVE, None, Sentence("measured_nothing"))
    if not math.isfinite(value):
        return Judged(INCONCLUSIVE, None, Sentence("measured_no_number", {"value": _word(value)}))
    if template.min_samples and (samples is None or not math.isfinite(samples) or samples < template.min_samples):
        return Judged(INCONCLUSIVE, value, _too_few(samples, template.min_samples))
    if template.failure and holds(template.failure, value):
        return Judged(FAILED, value, _compared("measured_failure", value, template.failure))
    if template.success and holds(template.success, value):
        return Judged(SUCCESSFUL, value, _compared("measured_success", value, template.success))
    if template.success and template.failure:
        return Judged(INCONCLUSIVE, value, _compared("measured_neither", value, template.success))
    if template.success:
        return Judged(FAILED, value, _compared("measured_no_success", value, template.success))
    return Judged(SUCCESSFUL, value, _compared("measured_no_failure", value, template.failure))


def judge_counts(template: AnalysisTemplate, new: Share, old: Share, look: int, planned: int | None) -> Judged:
    """Failed requests of the new version against those of the old, counted over the same time.

    Successful when the new version is surely no more than the margin worse, Failed when it is surely more than that,
    else Inconclusive: there are too few requests to tell.
    """
    least = max(template.min_samples, 1)
    for share in (new, old):
        if not _is_count(share) or share.total < least:
            return Judged(INCONCLUSIVE, None, _too_few(share.total, least))
    margin = float(template.parameters.get("margin", MARGIN))
    z = z_for_look(look, planned, float(template.parameters.get("alpha", ALPHA)))
    found = difference(new, old, z)
    params = {
        "new": _percent(new.value),
        "old": _percent(old.value),
        "lower": _points(found.lower),
        "upper": _points(found.upper),
        "margin": _points(margin),
        "z": f"{z:.2f}",
    }
    bounds = (found.lower, found.upper)
    if found.upper < margin:
        return Judged(SUCCESSFUL, found.value, Sentence("compared_within", params), bounds)
    if found.lower > margin:
        return Judged(FAILED, found.value, Sentence("compared_worse", params), bounds)
    return Judged(INCONCLUSIVE, found.value, Sentence("compared_open", params), bounds)


def could_not_measure(words: str) -> Judged:
    """Prometheus did not answer, or refused the query."""
    return Judged(ERROR, None, Sentence("measured_error", {"words": words}))


@dataclass(frozen=True)
class TemplateVerdict:
    """What the measurements of one template say so far: `status` is running, passed, failed or inconclusive.

    `next_number` is the measurement that is still wanted, None once it is decided; `last` the newest that counts.
    """

    status: str
    next_number: int | None
    last: Measurement | None = None
    sentence: Sentence | None = None
    evidence: Json = field(default_factory=dict)


def judge_run(template: AnalysisTemplate, measurements: Iterable[Measurement], planned: int) -> TemplateVerdict:
    """A run that ends: it passes at `planned` measurements that are Successful or Failed, if the last is Successful.

    Measurements count in the order of their numbers, each number once, and none behind a gap; the first of them that
    decides stands, so that what arrives later changes nothing.
    """
    first: dict[int, Measurement] = {}
    for one in sorted(measurements, key=lambda one: one.number):
        first.setdefault(one.number, one)
    tally = _Tally(template)
    last = None
    for number in numbers_from(1):
        if number not in first:
            return TemplateVerdict(RUNNING, number, last)
        last = first[number]
        if decided := tally.add(last):
            return decided
        if tally.decided >= planned and last.status == SUCCESSFUL:
            sentence = Sentence("analysis_passed", {"template": template.name, "count": tally.decided})
            return TemplateVerdict(PASSED, None, last, sentence)
    raise AssertionError("numbers never end")


def judge_background(template: AnalysisTemplate, measurements: Iterable[Measurement], within: int) -> TemplateVerdict:
    """A run without end: the limits hold for any `within` measurements in a row, for over days each limit is reached.

    `measurements` may be the newest ones only; it never passes, and goes on after an Inconclusive that was accepted in
    a run of a new name.
    """
    first: dict[int, Measurement] = {}
    for one in sorted(measurements, key=lambda one: one.number):
        first.setdefault(one.number, one)
    ordered = list(first.values())
    if not ordered:
        return TemplateVerdict(RUNNING, 1)
    # Not fewer than what the other limits look at.
    reach = max(within, template.inconclusive_limit + 1, template.error_limit, LOOKS_IN_A_ROW)
    tally = _Tally(template, in_a_row=True)
    for one in ordered[-reach:]:
        recent = one.number > ordered[-1].number - within
        if decided := tally.add(one, counts_failure=recent):
            return decided
    return TemplateVerdict(RUNNING, ordered[-1].number + 1, ordered[-1])


@dataclass
class _Tally:
    """Counts as measurements come in, until one of them decides."""

    template: AnalysisTemplate
    in_a_row: bool = False
    decided: int = 0
    failed: int = 0
    inconclusive: int = 0
    errors: int = 0
    before: str = ""

    def add(self, one: Measurement, *, counts_failure: bool = True) -> TemplateVerdict | None:
        before, self.before = self.before, one.status
        if one.status in (SUCCESSFUL, FAILED):
            self.decided += 1
        self.errors = self.errors + 1 if one.status == ERROR else 0
        if one.status == FAILED and counts_failure:
            self.failed += 1
        # A look that came too early for its window says nothing of the version, and is not held against it.
        if one.status == INCONCLUSIVE and not one.early:
            self.inconclusive += 1
        elif self.in_a_row and one.status != INCONCLUSIVE:
            self.inconclusive = 0
        return self._decide(one, before)

    def _decide(self, one: Measurement, before: str) -> TemplateVerdict | None:
        template = self.template
        if one.status == FAILED:
            if template.compare == AGAINST_STABLE:
                failed = before == FAILED and self.failed >= LOOKS_IN_A_ROW
            else:
                failed = self.failed > template.failure_limit
            if failed:
                return self._ends(FAILED_RUN, one, "analysis_failed_because", count=self.failed)
        if self.inconclusive > template.inconclusive_limit:
            return self._ends(UNDECIDED, one, "analysis_open", count=self.inconclusive)
        if self.errors >= max(template.error_limit, 1):
            status = FAILED_RUN if template.on_error == "abort" else UNDECIDED
            return self._ends(status, one, "analysis_unmeasured", count=self.errors)
        return None

    def _ends(self, status: str, one: Measurement, code: str, *, count: int) -> TemplateVerdict:
        params = {"template": self.template.name, "count": count, "words": one.words}
        evidence = {
            "template": self.template.name,
            "run": one.run,
            "number": one.number,
            "at": one.at.isoformat(),
            "value": one.value,
            "words": one.words,
        }
        return TemplateVerdict(status, None, one, Sentence(code, params), evidence)


def _is_count(share: Share) -> bool:
    return math.isfinite(share.total) and math.isfinite(share.failed) and 0 <= share.failed <= share.total


def _too_few(samples: float | None, least: int) -> Sentence:
    known = 0 if samples is None or not math.isfinite(samples) else round(samples)
    return Sentence("measured_too_few", {"samples": known, "least": least})


def _compared(code: str, value: float, condition: str) -> Sentence:
    return Sentence(code, {"value": _word(value), "condition": condition})


def _word(value: float) -> str:
    return f"{value:.4g}"


def _percent(share: float) -> str:
    return f"{100 * share:.2f} %"


def _points(difference_of_shares: float) -> str:
    return f"{100 * difference_of_shares:+.2f}"
