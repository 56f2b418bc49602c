"""The order of a bulk promotion: what others depend on goes first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def waves(depends_on: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """The wave of each name, from 0: a name is in a later one than all that it depends on.

    What is not among the names counts for nothing here. Names that depend on one another in a circle share a wave.
    """
    needs = {name: {one for one in named if one in depends_on and one != name} for name, named in depends_on.items()}
    placed: dict[str, int] = {}

    def after(named: Iterable[str]) -> int:
        return max((placed[one] + 1 for one in named if one in placed), default=0)

    while len(placed) < len(needs):
        left = [name for name in needs if name not in placed]
        if ready := [name for name in left if needs[name] <= placed.keys()]:
            placed |= {name: after(needs[name]) for name in ready}
        else:
            circle = _smallest_circle(needs, left)
            placed |= dict.fromkeys(circle, after(set().union(*(needs[name] for name in circle))))
    return placed


def circles(depends_on: Mapping[str, Iterable[str]]) -> list[str]:
    """The names that depend on themselves by way of others, sorted."""
    needs = {name: {one for one in named if one in depends_on and one != name} for name, named in depends_on.items()}
    return sorted(name for name in needs if name in needed_by(needs, needs[name]))


def needed_by(depends_on: Mapping[str, Iterable[str]], names: Iterable[str]) -> set[str]:
    """The names and all that they depend on, directly or by way of others."""
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            left += list(depends_on.get(name, ()))
    return found


def _smallest_circle(needs: Mapping[str, set[str]], names: Iterable[str]) -> list[str]:
    """Where each waits for another: the circle that waits for nothing outside of it."""
    open_names = set(names)
    reached = {name: needed_by(needs, [name]) & open_names for name in open_names}
    first = min(sorted(open_names), key=lambda name: len(reached[name]))
    return sorted(reached[first])
