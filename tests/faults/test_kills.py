"""Something dies in the middle of a rolling release: the release ends right, once, with an honest timeline."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest

from tests.faults.field import CLUSTER_PARTS, PORTAL_PARTS, Field, Web

# Not a wish but the budget of design.md, for an idle machine. A busy one is slower by as much as it is busier.
LOST_AT_MOST_SECONDS = 5.0

PARTS = (*PORTAL_PARTS, *CLUSTER_PARTS)


@pytest.fixture(scope="module")
def herd(field: Field) -> dict[str, Web]:
    """A workload for each part, all prepared at once."""
    return dict(zip(PARTS, field.webs(len(PARTS)), strict=True))


@pytest.mark.parametrize("part", PARTS)
def test_a_release_survives_the_death_of(part: str, field: Field, herd: dict[str, Web]) -> None:
    web = herd[part]
    generation = web.generation
    release_id = web.deploy("1.1")
    web.until_phase(release_id, "Progressing", "Finishing", "Succeeded")

    field.kill_and_see_it_back(part)

    web.ended_right(release_id, "succeeded", "1.1", generation=generation + 1)
    kinds = web.timeline(release_id)
    assert {"release.start", "step.started", "step.finished", "release.succeed"} <= set(kinds)


def test_a_bad_version_is_taken_back_although_the_worker_dies_twice(field: Field) -> None:
    (web,) = field.webs(1)
    generation = web.generation
    release_id = web.deploy("1.1-crash")
    web.until_phase(release_id, "Progressing")
    field.kill_and_see_it_back("worker")
    web.until_phase(release_id, "Aborting", "Failed")
    field.kill_and_see_it_back("worker")

    release = web.ended_right(release_id, "failed", "1.0", generation=generation + 2)

    assert release["reason"] == "CrashLoopBackOff"


def test_a_worker_that_dies_in_the_middle_of_several_releases_costs_no_more_than_seconds(
    field: Field, record_property: Callable[[str, object], None]
) -> None:
    webs = field.webs(4, replicas=3)
    undisturbed = _seconds_of_a_round(webs, "1.1", field, kill=False)
    busier = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))

    lost = _seconds_of_a_round(webs, "1.2", field, kill=True) - undisturbed

    told = f"worker killed -9: {lost:.1f} s lost (load {busier:.1f} times the cores; {undisturbed:.1f} s undisturbed)"
    record_property("told", told)
    assert lost <= LOST_AT_MOST_SECONDS * busier


def _seconds_of_a_round(webs: list[Web], version: str, field: Field, *, kill: bool) -> float:
    """How long it takes to release a version everywhere at once, with the worker killed on the way or not."""
    began = time.monotonic()
    releases = [web.deploy(version) for web in webs]
    if kill:
        webs[0].until_phase(releases[0], "Progressing", "Finishing")
        field.kill("worker")
    for web, release_id in zip(webs, releases, strict=True):
        assert web.to_the_end(release_id)["status"] == "succeeded"
    return time.monotonic() - began
