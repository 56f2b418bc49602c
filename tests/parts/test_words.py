"""Times, differences and the palette's matching."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from web import ago
from web.diffs import DiffLine, as_lines, compare
from web.palette import matches


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "just now"),
        (40, "40 s ago"),
        (60, "1 min ago"),
        (3599, "59 min ago"),
        (3600, "1 h ago"),
        (86400, "1 day ago"),
        (3 * 86400, "3 days ago"),
        (-300, "in 5 min"),
    ],
)
def test_how_long_ago(seconds: int, said: str) -> None:
    now = timezone.now()
    assert ago.words(now - timedelta(seconds=seconds), now) == said


def test_a_difference_is_the_changed_lines_with_those_around_them() -> None:
    before = "a: 1\nb: 2\nc: 3\n"
    assert compare(before, before) == []
    kinds = [(line.kind, line.text) for line in compare(before, "a: 1\nb: 4\nc: 3\n", context=1)[1:]]
    assert kinds == [("same", "a: 1"), ("del", "b: 2"), ("add", "b: 4"), ("same", "c: 3")]


def test_a_line_that_begins_like_a_sign_is_kept_whole() -> None:
    assert as_lines(["+- name: x", "-- name: y"]) == [DiffLine("add", "- name: x"), DiffLine("del", "- name: y")]


@pytest.mark.parametrize("words", ["check", "chkt", "CHECKOUT", "out check", "ckt"])
def test_the_palette_forgives_left_out_letters(words: str) -> None:
    assert matches("checkout", words)


@pytest.mark.parametrize("words", ["zz", "tuo", "check x"])
def test_the_palette_does_not_find_what_is_not_there(words: str) -> None:
    assert not matches("checkout", words)
