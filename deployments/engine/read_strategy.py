"""Reading the JSON of a strategy, with every mistake in it named at its place."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deployments.engine import strategies as s
from deployments.engine.json import Json

PERCENT = re.compile(r"\A(?:100|[1-9]?[0-9])%\Z")
NAME = re.compile(r"\A[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\Z")
HEADER = re.compile(r"\A[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}\Z")
DAY = 24 * 3600
LONGEST_SECONDS = 30 * DAY
MOST_STEPS = 50
MOST_TEMPLATES = 10
MOST_VOICES = 20
COMMON = ("type", "max_surge", "max_unavailable", "progress_deadline_seconds", "on_failure")


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


def read_strategy(value: str | Json | None, *, steps: Sequence[s.Step] = s.DEFAULT_STEPS) -> s.Strategy:
    """Turn what was sent (a name, an object, or nothing) into a strategy; a canary that names no steps gets `steps`.

    Raises StrategyInvalid with a pointer below `/strategy` for each problem.
    """
    asked: Json = {"type": value} if isinstance(value, str) else dict(value or {"type": "rolling"})
    reader = _Reader()
    kinds: dict[str, Callable[[Json], s.Strategy]] = {
        "rolling": reader.rolling,
        "canary": lambda one: reader.canary(one, tuple(steps)),
        "blue_green": reader.blue_green,
    }
    kind = asked.get("type", "rolling")
    read = kinds.get(kind) if isinstance(kind, str) else None
    if read is None:
        raise StrategyInvalid([Problem("/strategy/type", "unknown_strategy", {"type": str(kind)[:40]})])
    strategy = read(asked)
    if reader.problems:
        raise StrategyInvalid(reader.problems)
    return strategy


class _Reader:
    """Reads on after a problem, so that all of them are told at once; what it answers then is never used."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def rolling(self, asked: Json) -> s.RollingUpdate:
        self._known(asked, "/strategy", COMMON)
        return s.RollingUpdate(**self._common(asked))

    def canary(self, asked: Json, default_steps: tuple[s.Step, ...]) -> s.Canary:
        own = ("traffic", "steps", "analysis", "canary_replicas", "sticky")
        waits = ("route_settle_seconds", "abort_scale_down_delay_seconds", "canary_ready_timeout_seconds")
        self._known(asked, "/strategy", (*COMMON, *own, *waits))
        traffic = self._choice(asked, "/strategy", "traffic", s.TRAFFIC, "replicas")
        steps = self._steps(asked["steps"], traffic) if "steps" in asked else default_steps
        seconds = {
            name: self._number(asked, "/strategy", name, 0, DAY, default)
            for name, default in zip(
                waits, (s.SETTLE_SECONDS, s.ABORT_SCALE_DOWN_SECONDS, s.CANARY_READY_SECONDS), strict=True
            )
        }
        fixed = self._number(asked, "/strategy", "canary_replicas", 1, 10_000, None)
        if fixed is not None and traffic == "replicas":
            self._wrong("/strategy/canary_replicas", "needs_router")
        return s.Canary(
            steps=steps,
            traffic=traffic,
            analysis=self._analysis(asked, "/strategy", "analysis"),
            canary_replicas=fixed,
            sticky=self._sticky(asked["sticky"], traffic) if asked.get("sticky") else None,
            **seconds,
            **self._common(asked),
        )

    def blue_green(self, asked: Json) -> s.BlueGreen:
        waits = {
            "auto_promote_seconds": None,
            "auto_abort_seconds": None,
            "scale_down_delay_seconds": s.SCALE_DOWN_SECONDS,
            "abort_scale_down_delay_seconds": s.ABORT_SCALE_DOWN_SECONDS,
        }
        own = ("preview_replicas", "pre_promotion", "post_promotion", "approval")
        self._known(asked, "/strategy", (*COMMON, *own, *waits))
        return s.BlueGreen(
            preview_replicas=self._number(asked, "/strategy", "preview_replicas", 1, 10_000, None),
            pre_promotion=self._analysis(asked, "/strategy", "pre_promotion"),
            post_promotion=self._analysis(asked, "/strategy", "post_promotion"),
            approval=self._approval(asked["approval"], "/strategy/approval") if asked.get("approval") else None,
            **{name: self._number(asked, "/strategy", name, 0, LONGEST_SECONDS, wait) for name, wait in waits.items()},
            **self._common(asked),
        )

    def _common(self, asked: Json) -> dict[str, Any]:
        for name in ("max_surge", "max_unavailable"):
            if not _is_amount(asked.get(name)):
                self._wrong(f"/strategy/{name}", "not_an_amount")
        if _is_zero(asked.get("max_surge")) and _is_zero(asked.get("max_unavailable")):
            self._wrong("/strategy/max_unavailable", "both_zero")
        deadline = self._number(asked, "/strategy", "progress_deadline_seconds", 1, DAY, s.DEADLINE_SECONDS)
        return {
            "max_surge": asked.get("max_surge"),
            "max_unavailable": asked.get("max_unavailable"),
            "progress_deadline_seconds": deadline,
            "on_failure": self._choice(asked, "/strategy", "on_failure", ("abort", "pause"), "abort"),
        }

    def _steps(self, asked: Any, traffic: str) -> tuple[s.Step, ...]:
        if not isinstance(asked, list) or not asked:
            self._wrong("/strategy/steps", "no_steps")
            return ()
        if len(asked) > MOST_STEPS:
            self._wrong("/strategy/steps", "too_many_steps", most=MOST_STEPS, count=len(asked))
            return ()
        steps: list[s.Step] = []
        weight = 0
        for index, one in enumerate(asked):
            at = f"/strategy/steps/{index}"
            step = self._step(one, at)
            if step is None:
                continue
            if isinstance(step, s.SetWeight):
                if step.weight < weight:
                    self._wrong(f"{at}/set_weight", "weight_goes_down", weight=step.weight, before=weight)
                if step.weight == 100 and index < len(asked) - 1:
                    self._wrong(f"{at}/set_weight", "whole_weight_is_last")
                weight = step.weight
            if isinstance(step, s.HeaderRoute | s.Mirror) and traffic == "replicas":
                self._wrong(at, "step_needs_router", kind=step.kind)
            if isinstance(step, s.Mirror) and traffic == "nginx":
                self._wrong(at, "nginx_cannot_mirror")
            steps.append(step)
        if not any(isinstance(step, s.SetWeight) for step in steps) and not self.problems:
            self._wrong("/strategy/steps", "no_weight")
        return tuple(steps)

    def _step(self, one: Any, at: str) -> s.Step | None:
        readers: dict[str, Callable[[Any, str], s.Step | None]] = {
            "set_weight": lambda value, place: s.SetWeight(self._percent(value, place)),
            "pause": self._pause,
            "analysis": self._analyse,
            "approval": self._approval,
            "set_header_route": self._header_route,
            "set_mirror": lambda value, place: s.Mirror(self._percent(value, place)),
        }
        if not isinstance(one, Mapping) or len(one) != 1 or next(iter(one)) not in readers:
            self._wrong(at, "not_a_step", kinds=", ".join(readers))
            return None
        kind, value = next(iter(one.items()))
        return readers[kind](value, f"{at}/{kind}")

    def _pause(self, value: Any, at: str) -> s.Pause | None:
        if not self._is_object(value, at):
            return None
        self._known(value, at, ("seconds",))
        return s.Pause(self._number(value, at, "seconds", 1, LONGEST_SECONDS, None))

    def _analysis(self, asked: Json, at: str, name: str) -> s.Analyse | None:
        return self._analyse(asked[name], f"{at}/{name}") if asked.get(name) else None

    def _analyse(self, value: Any, at: str) -> s.Analyse | None:
        if not self._is_object(value, at):
            return None
        self._known(value, at, ("templates", "interval_seconds", "count"))
        templates = value.get("templates")
        if not isinstance(templates, list) or not all(isinstance(name, str) for name in templates):
            self._wrong(f"{at}/templates", "not_names")
            return None
        if len(templates) > MOST_TEMPLATES or len(set(templates)) < len(templates):
            self._wrong(f"{at}/templates", "templates_once", most=MOST_TEMPLATES)
        if not templates and at.startswith("/strategy/steps"):
            self._wrong(f"{at}/templates", "not_names")
        if not templates:
            return None
        interval = self._number(value, at, "interval_seconds", 1, DAY, None)
        return s.Analyse(tuple(templates), interval, self._number(value, at, "count", 1, 10_000, None))

    def _approval(self, value: Any, at: str) -> s.Approve | None:
        if not self._is_object(value, at):
            return None
        self._known(value, at, ("required", "team", "expires_seconds", "on_expiry"))
        team = value.get("team", "")
        if not isinstance(team, str) or (team and not NAME.match(team)):
            self._wrong(f"{at}/team", "not_a_name")
        return s.Approve(
            required=self._number(value, at, "required", 1, MOST_VOICES, 1) or 1,
            team=str(team),
            expires_seconds=self._number(value, at, "expires_seconds", 1, LONGEST_SECONDS, s.APPROVAL_SECONDS),
            on_expiry=self._choice(value, at, "on_expiry", ("pause", "abort"), "pause"),
        )

    def _header_route(self, value: Any, at: str) -> s.HeaderRoute | None:
        if not self._is_object(value, at):
            return None
        self._known(value, at, ("name", "match"))
        name, match = value.get("name"), value.get("match")
        if not isinstance(name, str) or not NAME.match(name):
            self._wrong(f"{at}/name", "not_a_name")
            return None
        if match is None:
            return s.HeaderRoute(name)
        kinds = ("exact", "prefix", "regex")
        how = [kind for kind in kinds if isinstance(match, Mapping) and kind in match]
        header = match.get("header") if isinstance(match, Mapping) else None
        if not isinstance(header, str) or not HEADER.match(header) or len(how) != 1 or len(match) != 2:
            self._wrong(f"{at}/match", "not_a_match")
            return None
        wanted = match[how[0]]
        if not isinstance(wanted, str) or not 1 <= len(wanted) <= 256 or not wanted.isprintable():
            self._wrong(f"{at}/match/{how[0]}", "not_a_match")
            return None
        return s.HeaderRoute(name, header, how[0], wanted)

    def _sticky(self, value: Any, traffic: str) -> s.Sticky | None:
        at = "/strategy/sticky"
        if not self._is_object(value, at):
            return None
        self._known(value, at, ("cookie", "seconds"))
        if traffic == "replicas":
            self._wrong(at, "sticky_needs_router")
        cookie = value.get("cookie")
        if not isinstance(cookie, str) or not HEADER.match(cookie):
            self._wrong(f"{at}/cookie", "not_a_cookie")
            return None
        return s.Sticky(cookie, self._number(value, at, "seconds", 1, LONGEST_SECONDS, s.STICKY_SECONDS))

    def _is_object(self, value: Any, at: str) -> bool:
        if isinstance(value, Mapping):
            return True
        self._wrong(at, "not_an_object")
        return False

    def _known(self, asked: Mapping[str, Any], at: str, names: Sequence[str]) -> None:
        for name in asked:
            if name not in names:
                self._wrong(f"{at}/{name}", "unknown_field", name=str(name)[:40])

    def _choice(self, asked: Mapping[str, Any], at: str, name: str, choices: Sequence[str], default: str) -> str:
        value = asked.get(name, default)
        if value not in choices:
            self._wrong(f"{at}/{name}", "not_a_choice", choices=", ".join(choices))
        return str(value)

    def _number(self, asked: Mapping[str, Any], at: str, name: str, least: int, most: int, default: Any) -> Any:
        value = asked.get(name, default)
        if value is None or (name in asked and _is_number(value) and least <= value <= most):
            return value
        if name in asked:
            self._wrong(f"{at}/{name}", "not_in_range", least=least, most=most)
        return default

    def _percent(self, value: Any, at: str) -> int:
        if _is_number(value) and 0 <= value <= 100:
            return int(value)
        self._wrong(at, "not_a_percentage")
        return 0

    def _wrong(self, pointer: str, code: str, **params: Any) -> None:
        self.problems.append(Problem(pointer, code, params))


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_amount(value: Any) -> bool:
    if value is None:
        return True
    if _is_number(value):
        return bool(0 <= value <= 10_000)
    return isinstance(value, str) and bool(PERCENT.match(value))


def _is_zero(value: Any) -> bool:
    return value in (0, "0%")
