"""T20: what a host, a chart or Helm prints reaches pages and terminals without commands of its own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Team, User
from charts.models import OperationLine
from charts.operation_log import say
from installs.models import InstallLine
from installs.run_log import LONGEST, Log
from tests.abuse.furnished import House, furnish
from tests.callers import ApiClient
from web.printable import printable

HOSTILE = {
    "colours": ("\x1b[31mred\x1b[0m", "red"),
    "the title of the window": ("\x1b]0;owned\x07after", "after"),
    "a link of OSC 8": ("\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\", "click"),
    "the clipboard by OSC 52": ("\x1b]52;c;ZXZpbA==\x07after", "after"),
    "an unfinished command": ("before\x1b]52;c;ZXZpbA==", "before"),
    "the cursor": ("\x1b[2J\x1b[1;1Hafter", "after"),
    "C1 controls": ("\x9b31mred", "31mred"),
    "bells, backspaces and returns": ("good\x07\x08\x08\x08\x08evil\r", "goodevil"),
    "the direction of reading": ("user\u202egnp.exe\u2066x\u2069", "usergnp.exex"),
    "NUL": ("a\0b", "ab"),
    "halves of characters": ("a\ud800b", "ab"),
    "markup": ("<img src=x onerror=alert(1)>{{7*7}}", "<img src=x onerror=alert(1)>{{7*7}}"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_t20_it_does_nothing_to_a_terminal(what: str) -> None:
    given, left = HOSTILE[what]
    assert printable(given) == left


@pytest.fixture
def house(payments: Team, developer: User) -> House:
    return furnish(payments, developer)


@pytest.mark.parametrize("what", HOSTILE)
def test_t20_logs_of_installs_and_of_helm_are_cleaned_as_they_are_written(
    house: House, valkey: object, what: str
) -> None:
    given, left = HOSTILE[what]
    Log(house.run).say(given)
    say(house.operation, given)
    assert InstallLine.objects.latest("number").text == left
    assert OperationLine.objects.latest("number").text == left


def test_t20_a_line_of_a_megabyte_is_cut(house: House, valkey: object) -> None:
    Log(house.run).say("x" * 1024 * 1024)
    say(house.operation, "x" * 1024 * 1024)
    assert len(InstallLine.objects.latest("number").text) == LONGEST
    assert len(OperationLine.objects.latest("number").text) <= LONGEST


def test_t20_markup_in_a_log_stays_text_on_its_page(
    house: House, web_client: Callable[[User], ApiClient], admin: User, valkey: object
) -> None:
    Log(house.run).say(HOSTILE["markup"][0])
    page = web_client(admin).get(f"/installs/{house.install.pk}/runs/{house.run.pk}/").content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;{{7*7}}" in page
