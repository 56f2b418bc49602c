"""The arithmetic of weights, with the worked numbers of delivery.md."""

from __future__ import annotations

import pytest

from deployments.engine.weights import Bounds, Side, Sizes, behind_router, bounds, next_sizes, share, unreachable


@pytest.mark.parametrize(
    ("replicas", "surge", "weight", "new", "old"),
    [
        (3, 1, 75, 3, 1),
        (3, 1, 50, 2, 2),
        (2, 1, 10, 1, 2),
        (1, 1, 50, 1, 1),
        (10, 3, 10, 1, 9),
        (10, 0, 25, 3, 7),
        (10, 1, 25, 3, 8),
        (10, 3, 99, 10, 1),
        (10, 3, 100, 10, 0),
        (10, 3, 0, 0, 10),
        (0, 1, 50, 0, 0),
    ],
)
def test_a_weight_is_the_nearest_share_of_pods(replicas: int, surge: int, weight: int, new: int, old: int) -> None:
    assert share(replicas, surge, weight) == Sizes(new, old)


def test_no_other_share_is_nearer() -> None:
    for replicas in range(2, 12):
        for weight in range(1, 100):
            best = share(replicas, 1, weight)
            assert best is not None
            found = abs(100 * best.new / (best.new + best.old) - weight)
            others = (abs(100 * new / total - weight) for total in (replicas, replicas + 1) for new in range(1, total))
            assert found <= min(others) + 1e-9


def test_one_replica_without_a_surge_cannot_be_shared() -> None:
    assert unreachable(1, 0, 50)
    assert not unreachable(1, 1, 50)


@pytest.mark.parametrize(
    ("replicas", "weight", "fixed", "new"), [(10, 1, None, 1), (10, 11, None, 2), (10, 50, 3, 3), (10, 0, 3, 0)]
)
def test_behind_a_router_the_old_version_keeps_its_pods(
    replicas: int, weight: int, fixed: int | None, new: int
) -> None:
    assert behind_router(replicas, weight, fixed) == Sizes(new, replicas)


def all_up(size: int) -> Side:
    return Side(size, size, size, size)


def test_the_growing_side_goes_first_and_is_waited_for() -> None:
    within = bounds(10, 3, 2, 10)
    to = Sizes(2, 8)

    assert next_sizes(all_up(0), all_up(10), to, within) == Sizes(2, 10)
    assert next_sizes(Side(2, 2, 1, 1), all_up(10), to, within) is None
    assert next_sizes(all_up(2), all_up(10), to, within) == Sizes(2, 8)
    assert next_sizes(all_up(2), all_up(8), to, within) is None


def test_without_a_surge_the_shrinking_side_goes_first() -> None:
    within = bounds(4, 0, 1, 4)
    to = Sizes(2, 2)

    assert next_sizes(all_up(0), all_up(4), to, within) == Sizes(0, 3)
    assert next_sizes(all_up(0), Side(3, 4, 4, 4), to, within) is None
    assert next_sizes(all_up(0), all_up(3), to, within) == Sizes(1, 3)
    assert next_sizes(all_up(1), all_up(3), to, within) == Sizes(1, 2)


def test_a_broken_stable_does_not_block_its_own_fix() -> None:
    broken = Side(10, 10, 0, 0)

    assert next_sizes(all_up(1), broken, Sizes(1, 9), bounds(10, 1, 0, 0)) == Sizes(1, 9)


def test_ready_pods_are_not_taken_below_what_was_ready_at_the_start() -> None:
    assert bounds(10, 1, 0, 6) == Bounds(most=11, least=6)
    half = Side(10, 10, 6, 6)

    assert next_sizes(all_up(1), half, Sizes(10, 0), bounds(10, 1, 0, 6)) == Sizes(1, 5)


def test_when_replicas_fall_both_sides_shrink_no_faster_than_the_bounds_allow() -> None:
    assert next_sizes(all_up(5), all_up(5), Sizes(2, 2), bounds(4, 1, 1, 10)) == Sizes(5, 2)
    assert next_sizes(all_up(5), all_up(2), Sizes(2, 2), bounds(4, 1, 1, 10)) == Sizes(2, 2)
