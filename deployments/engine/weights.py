"""How a weight becomes numbers of pods, and in which moves (delivery.md, Canary). Plain arithmetic.

Worked numbers, replicas as traffic: N=3: 75 % is 3 new + 1 old, 50 % is 2 + 2; N=2: 10 % is 1 + 2; N=1: 50 % is 1 + 1.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """How many pods of the new and of the old version."""

    new: int
    old: int


def share(replicas: int, max_surge: int, weight: int) -> Sizes | None:
    """The sizes whose share of new pods is nearest to `weight` percent; None where no pod of each can be had.

    The total is N, or N + 1 where a surge is allowed: one more pod halves the rounding, and more would cost more than
    it gains. Of equally near shares the smaller total wins, then the larger canary.
    """
    if weight <= 0 or replicas <= 0:
        return Sizes(0, replicas)
    if weight >= 100:
        return Sizes(replicas, 0)
    totals = (replicas, replicas + 1) if max_surge >= 1 else (replicas,)
    found = [(abs(100 * new - weight * total), total, new) for total in totals for new in range(1, total)]
    if not found:
        return None
    # |100 c / T - w| is compared as fractions, without rounding: |100 c - w T| * T'.
    best = found[0]
    for one in found[1:]:
        left, right = one[0] * best[1], best[0] * one[1]
        if (left, one[1], -one[2]) < (right, best[1], -best[2]):
            best = one
    return Sizes(new=best[2], old=best[1] - best[2])


def behind_router(replicas: int, weight: int, fixed: int | None = None) -> Sizes:
    """The sizes where a router splits requests: the old version keeps all its pods."""
    if weight <= 0:
        return Sizes(0, replicas)
    return Sizes(max(1, -(-replicas * weight // 100)) if fixed is None else fixed, replicas)


def unreachable(replicas: int, max_surge: int, weight: int) -> bool:
    """Whether no number of pods gives the new version a share between none and all: N = 1 without surge."""
    return share(replicas, max_surge, weight) is None


def actual(new: int, old: int) -> int:
    """The share of the new version among ready pods, in percent; the other's is 100 minus it."""
    return round(100 * new / (new + old)) if new + old else 0


@dataclass(frozen=True)
class Side:
    """One ReplicaSet: `size` asked for, `pods` that are there and not terminating, those `ready` and `available`."""

    size: int
    pods: int
    ready: int
    available: int


@dataclass(frozen=True)
class Bounds:
    """At most `most` pods that are not terminating; no deletion that leaves fewer than `least` ready ones."""

    most: int
    least: int


def bounds(replicas: int, max_surge: int, max_unavailable: int, ready_at_start: int) -> Bounds:
    """N + surge, and N - unavailable or what was ready at the start, if that was less."""
    return Bounds(replicas + max_surge, max(0, min(replicas - max_unavailable, ready_at_start)))


def next_sizes(new: Side, old: Side, to: Sizes, within: Bounds) -> Sizes | None:
    """The next move towards `to`, one side at a time; None: nothing may move before more pods are available.

    A side that grows goes first and is waited for; the other shrinks behind it. Without a surge there is no room to
    grow, so the shrinking side goes first. Pods that are not ready serve nobody: they may always go.
    """
    room = within.most - max(new.size, new.pods) - max(old.size, old.pods)
    grown_new = min(to.new, new.size + max(room, 0))
    if grown_new > new.size:
        return Sizes(grown_new, old.size)
    grown_old = min(to.old, old.size + max(room, 0))
    if grown_old > old.size:
        return Sizes(new.size, grown_old)
    spare = max(0, _serving(new) + _serving(old) - within.least)
    if old.size > to.old and _is_up(new, to.new, room):
        less = max(to.old, old.size - _idle(old) - spare)
        if less < old.size:
            return Sizes(new.size, less)
    if new.size > to.new:
        less = max(to.new, new.size - _idle(new) - (spare if _is_up(old, to.old, room) else 0))
        if less < new.size:
            return Sizes(less, old.size)
    return None


def is_there(side: Side, size: int) -> bool:
    """Whether a version has exactly these pods, all of them available."""
    return side.size == size and side.pods == size and side.available >= size


def _is_up(side: Side, to: int, room: int) -> bool:
    """Whether the side that grows has done what it can for now: its pods are available, with no room for more."""
    if side.available < side.size:
        return side.size > to
    return side.size >= to or room <= 0


def _serving(side: Side) -> int:
    """Available pods that stay: a status that lags behind our last write still counts those that are going."""
    return min(side.available, side.size)


def _idle(side: Side) -> int:
    """Pods that serve nobody and go first (kubernetes ReplicaSet controller, ActivePodsWithRanks)."""
    return side.size - min(side.ready, side.size)
