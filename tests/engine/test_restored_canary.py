"""A canary whose row came back from a backup finds its place again by what the Deployment keeps."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deployments.engine.restored import claimed_epoch
from deployments.engine.strategies import Pause, SetWeight
from deployments.engine.workload import claim_of
from tests.engine.canaries import at_step, canary, promoted, until
from tests.engine.play import Play

STEPS = (SetWeight(20), Pause(), SetWeight(50), Pause())


def restored_from(play: Play, backup: Play) -> Play:
    """The cluster of `play` with the row of `backup`, as deployments.restore and the first tick leave it."""
    again = Play(play.cluster)
    again.now = play.now
    again.state = backup.state.but(restored="stamp", unconfirmed=None)
    claimed = claimed_epoch(backup.release, play.cluster.deployment) or 0
    again.release = replace(backup.release, epoch=max(backup.release.epoch, claimed) + 1)
    return again


@pytest.mark.parametrize("step", [0, 1])
def test_it_goes_on_although_the_backup_is_older_than_what_runs(step: int) -> None:
    play = at_step(canary(*STEPS), 3)
    backup = at_step(canary(*STEPS), step)

    again = restored_from(play, backup)
    until(again, "Paused")

    assert again.state.step == 3
    assert again.cluster.sizes() == {"1.0": 5, "2.0": 5}
    assert {claim_of(one).epoch for one in again.cluster.sets.values()} == {"2"}
    assert promoted(again).state.phase == "Succeeded"
    assert again.cluster.deployment["spec"]["strategy"]["type"] == "RollingUpdate"


def test_a_backup_of_before_the_first_write_puts_back_what_the_annotation_kept() -> None:
    backup = canary(*STEPS)
    backup.state = backup.state.but(phase="Gated", started_at=backup.now)
    play = at_step(canary(*STEPS), 3)
    strategy = play.cluster.strategy

    again = restored_from(play, backup)
    until(again, "Paused")
    again.asks["abort"] = {"by": "dev"}

    assert again.to_the_end().phase == "Aborted"
    assert again.cluster.deployment["spec"]["strategy"] == strategy
    assert again.cluster.sizes() == {"1.0": 10}


def test_a_canary_that_was_aborted_after_the_backup_writes_nothing() -> None:
    backup = at_step(canary(*STEPS), 1)
    play = at_step(canary(*STEPS), 1)
    play.asks["abort"] = {"by": "dev"}
    play.to_the_end()

    again = restored_from(play, backup)
    again.tick()

    assert (again.state.phase, again.state.reason) == ("Failed", "Conflict")
    assert again.writes == 0
