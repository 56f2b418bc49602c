"""Every sentence that the engine says has its words, and the words find their parameters."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments import checks, engine
from deployments.check_words import check_name, check_question
from deployments.engine.strategies import Pause, SetWeight
from deployments.sentences import SENTENCES, english
from tests.engine.canaries import at_step, canary, promoted
from tests.engine.play import Play


def codes() -> Iterator[str]:
    """The first argument of each `Sentence(...)` of the engine, where it is written out."""
    for path in Path(engine.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Sentence":
                given = node.args[0] if node.args else None
                if isinstance(given, ast.Constant) and given.value:
                    yield str(given.value)


def test_every_code_has_words() -> None:
    found = set(codes())

    assert len(found) > 30
    # "ended" stands for a reason that was never told; it is only ever read from older rows.
    assert sorted(found - set(SENTENCES) - {"ended"}) == []


def named_checks() -> set[str]:
    """The names under which `deployments.checks` asks the API server."""
    return {
        str(node.args[0].value)
        for node in ast.walk(ast.parse(Path(checks.__file__).read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Check", "_ask")
        if node.args and isinstance(node.args[0], ast.Constant)
    }


def test_every_check_has_a_name_and_a_question() -> None:
    found = named_checks()

    assert len(found) > 2
    assert sorted(name for name in found if name in (check_name(name), check_question(name))) == []


@pytest.mark.parametrize("code", ["check_unknown", "check_refused"])
def test_a_sentence_calls_a_check_by_its_name(code: str) -> None:
    words = english(code, {"check": "pod", "words": "webhook does not support dry run"})

    assert check_name("pod") in words and "webhook does not support dry run" in words


def aborted() -> Play:
    play = at_step(canary(SetWeight(20), Pause(60)), 1)
    play.asks["abort"] = {"by": "dev"}
    play.to_the_end()
    return play


def failed() -> Play:
    play = canary(SetWeight(20))
    play.cluster.broken_images.add("registry.example/web:2.0")
    for _ in range(5):
        play.tick()
        play.roll(10)
    play.to_the_end()
    return play


def fought_over() -> Play:
    play = at_step(canary(SetWeight(20), Pause()), 1)
    for _ in range(3):
        play.cluster.put_back_strategy()
        play.tick()
    return play


def scaled_to_zero() -> Play:
    play = at_step(canary(SetWeight(20), Pause()), 1)
    for replicas in (0, 3):
        play.cluster.scale(replicas)
        play.tick()
        play.roll()
    play.tick()
    return play


@pytest.mark.parametrize(
    "played",
    [lambda: promoted(canary(SetWeight(20), Pause(60), Pause())), aborted, failed, fought_over, scaled_to_zero],
)
def test_the_words_of_a_canary_find_their_parameters(played: object) -> None:
    assert callable(played)
    play = played()

    assert len(play.said) > 3
    for said in play.said:
        words = english(said.sentence.code, said.sentence.params)
        assert words != said.sentence.code and "%(" not in words
    if play.state.message:
        assert english(play.state.message.code, play.state.message.params) != play.state.message.code
