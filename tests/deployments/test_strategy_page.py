"""The default strategy of a target or an environment, edited in a browser without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from deployments.step_text import step_of, text_of
from deployments.strategy_yaml import as_yaml, from_yaml
from services.models import Target
from tests.callers import PageClient

Web = Callable[[User], PageClient]
PATH = "/services/checkout/targets/dev/strategy/"
CANARY = {"type": "canary", "traffic": "istio", "steps": [{"set_weight": 10}, {"pause": {}}, {"set_weight": 50}]}


def rows_of(page: str) -> list[tuple[str, str]]:
    """Kind and text of each row, as the page shows them."""
    kinds = re.findall(r'<select name="kind-\d+".*?<option value="(\w+)" selected', page, re.DOTALL)
    return list(zip(kinds, re.findall(r'name="text-\d+" value="([^"]*)"', unescape(page)), strict=True))


def typed(*rows: tuple[str, str], do: str = "save", **fields: str) -> dict[str, str]:
    numbered = {f"{name}-{i}": one[j] for i, one in enumerate(rows) for j, name in enumerate(("kind", "text"))}
    return {"type": "canary", **numbered, "do": do, **fields}


def with_default(target: Target, strategy: Any) -> None:
    Target.objects.filter(pk=target.pk).update(strategy=strategy)


def test_it_shows_the_steps_as_rows_and_the_whole_as_yaml(web_client: Web, developer: User, target: Target) -> None:
    with_default(target, CANARY)

    page = web_client(developer).get(PATH).content.decode()

    assert rows_of(page) == [("set_weight", "10"), ("pause", ""), ("set_weight", "50")]
    assert "- set_weight: 10" in page
    assert '<option value="istio" selected>' in page


@pytest.mark.parametrize(
    ("do", "texts"),
    [
        ("add", ["10", "", "50", ""]),
        ("up-2", ["10", "50", ""]),
        ("down-0", ["", "10", "50"]),
        ("remove-1", ["10", "50"]),
        ("up-0", ["10", "", "50"]),
        ("remove-9", ["10", "", "50"]),
        ("up-x", ["10", "", "50"]),
    ],
)
def test_rows_are_added_moved_and_removed_without_saving(
    web_client: Web, developer: User, target: Target, do: str, texts: list[str]
) -> None:
    form = typed(("set_weight", "10"), ("pause", ""), ("set_weight", "50"), do=do)

    page = web_client(developer).post(PATH, form).content.decode()

    assert [text for _kind, text in rows_of(page)] == texts
    target.refresh_from_db()
    assert target.strategy is None


def test_saving_the_form_keeps_what_was_typed_and_is_audited(web_client: Web, developer: User, target: Target) -> None:
    analysis = ("analysis", "success-rate, latency-p99")
    rows = [("set_weight", "20 %"), ("pause", "5 min"), analysis, ("approval", "2 ops")]

    answer = web_client(developer).post(PATH, typed(*rows, traffic="replicas", max_surge="25%"))

    target.refresh_from_db()
    assert (answer.status_code, answer["Location"]) == (303, "/services/checkout/")
    assert target.strategy == {
        "type": "canary",
        "traffic": "replicas",
        "max_surge": "25%",
        "steps": [
            {"set_weight": 20},
            {"pause": {"seconds": 300}},
            {"analysis": {"templates": ["success-rate", "latency-p99"]}},
            {"approval": {"required": 2, "team": "ops"}},
        ],
    }
    assert Entry.objects.filter(action="target.edit").exists()


def test_a_bad_step_is_marked_in_its_row_and_keeps_the_rest(web_client: Web, developer: User, target: Target) -> None:
    form = typed(("set_weight", "50"), ("set_weight", "ten"), ("pause", "soon"), max_surge="lots")

    answer = web_client(developer).post(PATH, form)

    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    second = page[page.index('name="text-1"') : page.index('name="text-2"')]
    assert 'value="ten"' in second
    assert "Give a whole number between 0 and 100." in second
    assert "Give an object here." in page[page.index('name="text-2"') :]
    assert 'id="id_max_surge_error"' in page


def test_yaml_is_read_into_the_form_and_saved(web_client: Web, developer: User, target: Target) -> None:
    text = "type: canary\nsteps:\n- set_weight: 5\n- pause: {seconds: 30}\n"
    browser = web_client(developer)

    read = browser.post(PATH, {"do": "read", "yaml": text}).content.decode()
    assert rows_of(read) == [("set_weight", "5"), ("pause", "30")]
    assert browser.post(PATH, {"do": "save-yaml", "yaml": text}).status_code == 303

    target.refresh_from_db()
    assert target.strategy == {"type": "canary", "steps": [{"set_weight": 5}, {"pause": {"seconds": 30}}]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("type: canary\nsteps: [", "YAML is broken in line"),
        ("a: &x 1\nb: *x\n", "anchors or aliases"),
        ("- 1\n", "not a YAML mapping"),
        ("type: canary\nsteps:\n- set_weight: 101\n", "/steps/0/set_weight"),
        ("type: yolo\n", "A strategy is of type rolling"),
    ],
)
def test_bad_yaml_says_where_and_stays_as_typed(
    web_client: Web, developer: User, target: Target, text: str, words: str
) -> None:
    answer = web_client(developer).post(PATH, {"do": "save-yaml", "yaml": text})

    page = unescape(answer.content.decode())
    assert answer.status_code == 422
    assert words in page
    assert text.strip() in page


def test_an_empty_yaml_takes_the_default_away(web_client: Web, developer: User, target: Target) -> None:
    with_default(target, CANARY)

    assert web_client(developer).post(PATH, {"do": "save-yaml", "yaml": ""}).status_code == 303

    target.refresh_from_db()
    assert target.strategy is None


def test_two_who_edit_at_once_do_not_overwrite_each_other(web_client: Web, developer: User, target: Target) -> None:
    browser = web_client(developer)
    first = browser.post(PATH, typed(("set_weight", "10"), version=str(target.version)))
    second = browser.post(PATH, typed(("set_weight", "20"), version=str(target.version)))

    assert (first.status_code, second.status_code) == (303, 412)
    assert rows_of(second.content.decode()) == [("set_weight", "20")]


def test_who_may_not_edit_sees_why(web_client: Web, viewer: User, stranger: User, target: Target) -> None:
    assert "You lack target.edit" in web_client(viewer).get(PATH).content.decode()
    assert web_client(viewer).post(PATH, typed(("set_weight", "10"))).status_code == 403
    assert web_client(stranger).get(PATH).status_code == 404


def test_an_environment_has_a_default_that_admins_edit(web_client: Web, admin: User, target: Target) -> None:
    form = {"type": "blue_green", "approval": "1", "do": "save"}

    answer = web_client(admin).post("/environments/dev/strategy/", form)

    target.environment.refresh_from_db()
    assert answer.status_code == 303
    assert target.environment.strategy == {"type": "blue_green", "approval": {"required": 1}}


@pytest.mark.parametrize(
    "step",
    [
        {"set_weight": 10},
        {"pause": {}},
        {"pause": {"seconds": 90}},
        {"analysis": {"templates": ["a", "b"]}},
        {"analysis": {"templates": ["a"], "count": 3}},
        {"approval": {"required": 2, "team": "ops"}},
        {"approval": {"required": 1, "on_expiry": "abort"}},
        {"set_header_route": {"name": "beta"}},
        {"set_header_route": {"name": "beta", "match": {"header": "x-beta", "exact": "1"}}},
        {"set_header_route": {"name": "beta", "match": {"header": "x-beta", "regex": "^a{2}$"}}},
        {"set_mirror": 25},
    ],
)
def test_a_row_says_all_of_its_step(step: dict[str, Any]) -> None:
    assert step_of(*text_of(step)) == step


def test_yaml_keeps_numbers_numbers_and_matches_text() -> None:
    match = {"set_header_route": {"name": "b", "match": {"header": "x", "exact": "1"}}}
    strategy = {"type": "canary", "max_surge": "25%", "max_unavailable": 0, "steps": [{"set_weight": 5}, match]}

    assert from_yaml(as_yaml(strategy)) == strategy
