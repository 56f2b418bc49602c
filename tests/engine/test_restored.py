"""A release whose row came back from a backup goes on only where its Deployment still says so."""

from __future__ import annotations

from dataclasses import replace

from deployments.engine.restored import claimed_epoch
from deployments.engine.workload import claim_of
from tests.engine.play import Play


def restored_from(play: Play, backup: Play) -> Play:
    """The cluster of `play` with the row of `backup`, as deployments.restore and the first tick leave it."""
    claimed = claimed_epoch(backup.release, play.cluster.deployment) or 0
    again = Play(play.cluster)
    again.now = play.now
    again.state = backup.state.but(restored="stamp", unconfirmed=None)
    again.release = replace(backup.release, epoch=max(backup.release.epoch, claimed) + 1)
    return again


def moving(**asked: object) -> Play:
    play = Play(**asked)
    play.tick()
    assert play.state.phase == "Progressing"
    return play


def test_a_running_release_is_found_and_goes_on_in_a_higher_epoch() -> None:
    play = moving()
    again = restored_from(play, play)

    again.tick()

    assert claim_of(again.cluster.deployment).epoch == "2"
    assert [line.kind for line in again.said] == ["restore.find"]
    assert again.to_the_end().phase == "Succeeded"
    assert again.cluster.image == "2.0"


def test_a_release_that_had_not_written_when_it_was_backed_up_is_found_as_well() -> None:
    backup = Play()
    play = moving()
    again = restored_from(play, backup)

    assert again.to_the_end().phase == "Succeeded"


def test_the_epoch_rises_above_the_one_on_the_object() -> None:
    play = moving()
    backup = play.state
    play.release = replace(play.release, epoch=7)
    play.state = play.state.but(unconfirmed={"why": "write", "epoch": 1})
    play.tick()
    assert claim_of(play.cluster.deployment).epoch == "7"

    older = Play(play.cluster)
    older.state = backup
    again = restored_from(play, older)
    again.tick()

    assert claim_of(again.cluster.deployment).epoch == "8"


def test_a_release_that_ended_after_the_backup_writes_nothing_and_is_known_to_have_succeeded() -> None:
    play = moving()
    backup = Play()
    backup.state = play.state
    play.to_the_end()
    again = restored_from(play, backup)

    assert again.to_the_end().phase == "Succeeded"
    assert again.writes == 0


def test_what_ran_since_is_not_overwritten_by_the_release_of_yesterday() -> None:
    play = moving()
    backup = Play()
    backup.state = play.state
    play.to_the_end()
    play.cluster.deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "registry/web:3.0"
    again = restored_from(play, backup)

    ended = again.to_the_end()

    assert (ended.phase, ended.reason) == ("Failed", "Conflict")
    assert again.writes == 0
    assert again.cluster.image == "3.0"


def test_a_release_that_was_never_begun_is_not_begun_by_a_restore() -> None:
    play = Play()
    again = restored_from(play, play)

    ended = again.to_the_end()

    assert (ended.phase, ended.reason, again.writes) == ("Failed", "Conflict", 0)
    assert ended.message is not None and ended.message.code == "not_found_again"
