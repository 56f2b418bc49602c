"""What others depend on goes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from deployments.promotion.waves import circles, waves

NAMES = st.sampled_from("abcdefgh")
GRAPHS = st.dictionaries(NAMES, st.lists(NAMES, max_size=4), max_size=8)


def test_a_chain_is_a_wave_each() -> None:
    assert waves({"shop": ["cart"], "cart": ["db"], "db": []}) == {"db": 0, "cart": 1, "shop": 2}


def test_what_is_not_among_them_counts_for_nothing() -> None:
    assert waves({"shop": ["elsewhere"], "cart": []}) == {"shop": 0, "cart": 0}


def test_a_circle_goes_together_after_what_it_needs_and_before_what_needs_it() -> None:
    graph = {"a": ["b", "base"], "b": ["a"], "base": [], "top": ["a"]}

    assert waves(graph) == {"base": 0, "a": 1, "b": 1, "top": 2}
    assert circles(graph) == ["a", "b"]


@given(GRAPHS)
def test_nothing_goes_before_what_it_depends_on(graph: dict[str, list[str]]) -> None:
    placed = waves(graph)
    round_in = set(circles(graph))

    assert placed.keys() == graph.keys()
    for name, needs in graph.items():
        for need in set(needs) & graph.keys() - {name}:
            if need in round_in and name in round_in:
                assert placed[need] <= placed[name] or placed[name] <= placed[need]
            else:
                assert placed[need] < placed[name]
