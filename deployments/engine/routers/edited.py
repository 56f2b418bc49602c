"""Routes that are edited in place: each rule that leads to the target is expanded by what is asked, and folded back.

The originals stand in the route's annotation. A rule that is still what we wrote goes back to its original to the byte;
one that another hand has changed meanwhile keeps that change and only loses what is ours.
"""

from __future__ import annotations

from typing import Any, Protocol

from deployments.engine import borrowed
from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.routers import Ask
from deployments.engine.spec import ReleaseSpec

Rules = dict[str, list[Json]]


class Editor(Protocol):
    """What a router knows of the rules of a route; `part` is the JSON pointer of the list that a rule stands in."""

    def parts(self, route: Json) -> tuple[str, ...]:
        """The pointers of the lists of rules."""

    def leads(self, part: str, rule: Json) -> bool:
        """Whether the rule, as found before us, sends requests to the target."""

    def expanded(self, part: str, rule: Json, ask: Ask) -> list[Json]:
        """What stands in place of a rule that leads to the target; the rule with the weights is the last of them."""

    def folded(self, part: str, rule: Json) -> Json | None:
        """The rule without what is ours, told by its destinations; None: the whole rule is ours."""


def steer(release: ReleaseSpec, routes: list[Json], editor: Editor, ask: Ask) -> Write | None:
    """The next route that does not ask for this share yet. One that was never touched is left alone while no request is
    meant for the canary."""
    for route in sorted(routes, key=_order):
        ours = borrowed.is_ours(release, route)
        if borrowed.is_held_by_other(release, route) or (ask.is_nothing and not ours):
            continue
        originals = originals_of(route, editor)
        leading = {part: rules for part, rules in originals.items() if any(editor.leads(part, one) for one in rules)}
        wanted = {part: _expand(editor, part, rules, ask) for part, rules in leading.items()}
        kept = {"paths": leading, "asked": ask.to_json()}
        if not wanted and not ours:
            continue
        if ours and _current(route, wanted) == wanted and borrowed.kept_of(route) == kept:
            continue
        return borrowed.rewrite(release, route, wanted, leading, ask.to_json(), why="route")
    return None


def give_back(release: ReleaseSpec, routes: list[Json], editor: Editor) -> Write | None:
    """The next route of ours that is not as it was found."""
    for route in sorted(routes, key=_order):
        if borrowed.is_ours(release, route):
            return borrowed.give_back(route, originals_of(route, editor), why="route back")
    return None


def edited(release: ReleaseSpec, routes: list[Json], editor: Editor) -> Json | None:
    """The first route of ours whose rules are not what was last asked of it."""
    for route in sorted(routes, key=_order):
        kept = borrowed.kept_of(route)
        ask = asked_of(route)
        if not borrowed.is_ours(release, route) or ask is None:
            continue
        wanted = {part: _expand(editor, part, rules, ask) for part, rules in kept["paths"].items()}
        if _current(route, wanted) != wanted:
            return route
    return None


def asked_of(route: Json) -> Ask | None:
    """What was last asked of a route, None where it does not say."""
    try:
        return Ask.from_json(borrowed.kept_of(route)["asked"])
    except (KeyError, TypeError, ValueError, StopIteration):
        return None


def originals_of(route: Json, editor: Editor) -> Rules:
    """The rules as they were before us, with what other hands have changed since."""
    kept, ask = borrowed.kept_of(route)["paths"], asked_of(route)
    originals: Rules = {}
    for part in editor.parts(route):
        current = borrowed.at(route, part)
        if not isinstance(current, list):
            continue
        before = kept.get(part)
        if ask is None or not isinstance(before, list):
            before = []
        originals[part] = _merged(editor, part, current, before, ask or Ask())
    return originals


def _merged(editor: Editor, part: str, current: list[Json], before: list[Json], ask: Ask) -> list[Json]:
    if before and _expand(editor, part, before, ask) == current:
        return before
    # Rules that we made alone are the first of an expansion; what is left of it stands for its original.
    known = [(editor.expanded(part, rule, ask)[-1], rule) for rule in before if editor.leads(part, rule)]
    merged = []
    for rule in current:
        original: Any = next((was for weighted, was in known if weighted == rule), None)
        original = editor.folded(part, rule) if original is None else original
        if original is not None:
            merged.append(original)
    return merged


def _expand(editor: Editor, part: str, rules: list[Json], ask: Ask) -> list[Json]:
    expanded: list[Json] = []
    for rule in rules:
        expanded += editor.expanded(part, rule, ask) if editor.leads(part, rule) else [rule]
    return expanded


def _current(route: Json, wanted: Rules) -> Json:
    return {part: borrowed.at(route, part) for part in wanted}


def _order(route: Json) -> tuple[str, str]:
    return borrowed.kind_of(route), borrowed.name_of(route)
