"""The JSON of a strategy, and what a release was asked to do."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
Amount = int | str

PERCENT = re.compile(r"\A(?:100|[1-9]?[0-9])%\Z")
DEADLINE_SECONDS = 600
LONGEST_DEADLINE_SECONDS = 24 * 3600
FIELDS = ("type", "max_surge", "max_unavailable", "progress_deadline_seconds", "on_failure")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with what was sent: a JSON pointer, a stable code, and the parameters of its sentence."""

    pointer: str
    code: str
    params: Json = field(default_factory=dict)


class StrategyInvalid(ValueError):
    """The strategy can't be used. `problems` has every reason, not just the first."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("; ".join(f"{p.pointer}: {p.code}" for p in problems))
        self.problems = problems


@dataclass(frozen=True)
class RollingUpdate:
    """Replace pods in waves. A bound that is None leaves what the Deployment itself says."""

    max_surge: Amount | None = None
    max_unavailable: Amount | None = None
    progress_deadline_seconds: int = DEADLINE_SECONDS
    on_failure: str = "abort"

    def to_json(self) -> Json:
        return {
            "type": "rolling",
            "max_surge": self.max_surge,
            "max_unavailable": self.max_unavailable,
            "progress_deadline_seconds": self.progress_deadline_seconds,
            "on_failure": self.on_failure,
        }


def read_strategy(value: str | Json | None) -> RollingUpdate:
    """Turn what was sent (a name, an object, or nothing) into a strategy.

    Raises StrategyInvalid with a pointer below `/strategy` for each problem.
    """
    asked: Json = {"type": value} if isinstance(value, str) else dict(value or {"type": "rolling"})
    problems = [Problem(f"/strategy/{name}", "unknown_field", {"name": name}) for name in asked if name not in FIELDS]
    if asked.get("type", "rolling") != "rolling":
        problems.append(Problem("/strategy/type", "unknown_strategy", {"type": str(asked.get("type"))[:40]}))
    amounts = ("max_surge", "max_unavailable")
    problems += [Problem(f"/strategy/{name}", "not_an_amount") for name in amounts if not _is_amount(asked.get(name))]
    if _is_zero(asked.get("max_surge")) and _is_zero(asked.get("max_unavailable")):
        problems.append(Problem("/strategy/max_unavailable", "both_zero"))
    deadline = asked.get("progress_deadline_seconds", DEADLINE_SECONDS)
    if not isinstance(deadline, int) or isinstance(deadline, bool) or not 1 <= deadline <= LONGEST_DEADLINE_SECONDS:
        problems.append(
            Problem("/strategy/progress_deadline_seconds", "not_in_range", {"most": LONGEST_DEADLINE_SECONDS})
        )
    on_failure = asked.get("on_failure", "abort")
    if on_failure not in ("abort", "pause"):
        problems.append(Problem("/strategy/on_failure", "not_a_choice", {"choices": "abort, pause"}))
    if problems:
        raise StrategyInvalid(problems)
    return RollingUpdate(asked.get("max_surge"), asked.get("max_unavailable"), deadline, on_failure)


def _is_amount(value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, bool):
        return False
    return (isinstance(value, int) and 0 <= value <= 10_000) or (isinstance(value, str) and bool(PERCENT.match(value)))


def _is_zero(value: Any) -> bool:
    return value in (0, "0%")


@dataclass(frozen=True)
class ReleaseSpec:
    """What a release was asked to do; never changes while it runs, but for `epoch`.

    `template_from` was live when the plan was made, `template_back` is what an abort writes, `also_from` are templates
    that may be found instead of `template_from` because the release superseded another one.
    """

    id: str
    portal: str
    epoch: int
    cluster: str
    namespace: str
    workload: str
    uid: str
    strategy: RollingUpdate
    template_from: Json
    template_to: Json
    template_back: Json
    also_from: tuple[Json, ...] = ()

    @property
    def names(self) -> Json:
        """Where the release works, as sentences name it."""
        return {"workload": self.workload, "namespace": self.namespace, "cluster": self.cluster}
