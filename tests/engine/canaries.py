"""Canaries on the model workload, brought to where a test begins."""

from __future__ import annotations

from typing import Any

from deployments.engine.strategies import Canary, Pause, SetWeight, Step
from tests.engine.model_workload import ModelWorkload
from tests.engine.play import Play


def canary(*steps: Step, replicas: int = 10, spec: dict[str, Any] | None = None, **asked: Any) -> Play:
    """A canary from 1.0 to 2.0 that has not begun; `spec` changes the release, `asked` the strategy."""
    strategy = Canary(steps=steps or (SetWeight(20), Pause()), **asked)
    return Play(ModelWorkload(replicas), strategy=strategy, **(spec or {}))


def until(play: Play, phase: str, *, rounds: int = 80) -> Play:
    """Let time pass until the release is in this phase, and at rest."""
    for _ in range(rounds):
        if play.tick().state.phase == phase:
            return play
        play.roll()
    raise AssertionError(f"never {phase}: {play.state.phase} {play.state.reason} {play.state.message}")


def at_step(play: Play, index: int) -> Play:
    """Let time pass until this step is under way, promoting what pauses before it."""
    for _ in range(200):
        play.tick()
        if play.state.step == index and play.state.step_done:
            return play
        if play.state.phase == "Paused" and not play.state.reason:
            play.asks["promote"] = {"by": "dev"}
        play.roll()
    raise AssertionError(f"never at step {index}: {play.state.step} {play.state.phase} {play.state.message}")


def promoted(play: Play) -> Play:
    """Leave every pause, to the end."""
    for _ in range(200):
        if play.tick().state.is_terminal:
            return play
        if play.state.phase == "Paused" and not play.state.reason:
            play.asks["promote"] = {"by": "dev"}
        play.roll()
    raise AssertionError(f"never ended: {play.state.phase} {play.state.message}")
