"""An analysis template edited as YAML beside its form: the same rules, each mistake named at its field."""

from __future__ import annotations

from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from accounts.models import Team, User
from audit.models import Entry
from deployments.analysis.built_in import TEMPLATES
from deployments.analysis.template_yaml import as_yaml, from_yaml
from deployments.models import AnalysisTemplate
from tests.callers import PageClient

Web = Callable[[User], PageClient]
NEW, EDIT = "/analysis-templates/new/", "/analysis-templates/checkouts/edit/"
TEXT = """\
description: Enough of them
query: |-
  sum(
    rate(checkouts_total{pod=~"{{canary}}"}[{{window}}])
  )
success: result > 0.5
count: 4
failure_limit: 1
"""


@pytest.fixture
def checkouts(payments: Team) -> AnalysisTemplate:
    definition = {"query": "sum(up)", "success": "result > 0", "count": 9, "min_samples": 0, "on_error": "abort"}
    return AnalysisTemplate.objects.create(name="checkouts", team=payments, definition=definition)


def posted(browser: PageClient, path: str, do: str, text: str, **fields: str) -> tuple[int, str, Any]:
    """Status, page and form of the answer to one of the two buttons."""
    answer = browser.post(path, {"do": do, "yaml": text, **fields})
    return answer.status_code, unescape(answer.content.decode()), (answer.context or {}).get("form")


def test_the_page_shows_the_template_as_yaml(web_client: Web, maintainer: User, checkouts: AnalysisTemplate) -> None:
    page = web_client(maintainer).get(EDIT)

    shown = from_yaml(page.context["yaml"])
    assert "name" not in shown and "team" not in shown
    assert {name: shown[name] for name in checkouts.definition} == checkouts.definition


def test_saved_as_yaml_what_it_leaves_out_has_its_default(
    web_client: Web, maintainer: User, checkouts: AnalysisTemplate
) -> None:
    status, _page, _form = posted(web_client(maintainer), EDIT, "save-yaml", TEXT, version="1")

    checkouts.refresh_from_db()
    assert (status, checkouts.version, checkouts.description) == (303, 2, "Enough of them")
    assert (checkouts.spec.count, checkouts.spec.failure_limit, checkouts.spec.on_error) == (4, 1, "pause")
    assert checkouts.spec.query.startswith("sum(\n  rate(")
    assert Entry.objects.get(action="analysis_template.edit").after["success"] == "result > 0.5"


def test_read_into_the_form_nothing_is_saved(web_client: Web, maintainer: User, checkouts: AnalysisTemplate) -> None:
    status, page, form = posted(web_client(maintainer), EDIT, "read", TEXT, version="1")

    assert status == 200
    assert (form["success"].value(), form["count"].value()) == ("result > 0.5", 4)
    assert 'rate(checkouts_total{pod=~"{{canary}}"}[{{window}}])' in page
    checkouts.refresh_from_db()
    assert checkouts.spec.count == 9


@pytest.mark.parametrize(
    ("text", "pointer", "field"),
    [
        ("query: sum(rate(\nsuccess: result > 0\n", "/query", "query"),
        ("query: sum(up)\nsuccess: result >\n", "/success", "success"),
        ("query: sum(up)\nsuccess: result > 0\ncount: many\n", "/count", "count"),
        ("query: sum(up)\nsuccess: result > 0\ncount: 2\nfailure_limit: 2\n", "/failure_limit", "failure_limit"),
        ("query: sum(up)\nsuccess: result > 0\nparameters: {margin: 2}\n", "/parameters/margin", "margin"),
        ("query: sum(up)\nsuccess: result > 0\nparameters: 2\n", "/parameters", "margin"),
        ("query: [sum(up)]\nsuccess: result > 0\n", "/query", "query"),
        ("query: sum(up)\nsuccess: result > 0\ncolour: red\n", "/colour", ""),
        ("name: others\nquery: sum(up)\nsuccess: result > 0\n", "/name", ""),
        ("team: others\nquery: sum(up)\nsuccess: result > 0\n", "/team", ""),
    ],
)
def test_a_mistake_names_its_field_in_both_and_the_text_stays(
    web_client: Web, maintainer: User, checkouts: AnalysisTemplate, text: str, pointer: str, field: str
) -> None:
    status, page, form = posted(web_client(maintainer), EDIT, "save-yaml", text, version="1")

    assert status == 422
    assert f'<span class="mono">{pointer}</span>: ' in page
    assert text.strip() in page
    assert (not field) or form.errors[field]
    checkouts.refresh_from_db()
    assert checkouts.version == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("query: [", "YAML is broken in line"),
        ("a: &x 1\nb: *x\n", "anchors or aliases"),
        ("- query\n", "not a YAML mapping"),
        ("", "There is no YAML here"),
    ],
)
def test_what_is_no_yaml_is_told_and_the_form_keeps_what_was_typed(
    web_client: Web, maintainer: User, checkouts: AnalysisTemplate, text: str, words: str
) -> None:
    status, page, form = posted(web_client(maintainer), EDIT, "read", text, query="sum(typed)")

    assert status == 422
    assert words in page
    assert form["query"].value() == "sum(typed)"


def test_two_who_edit_at_once_do_not_overwrite_each_other(
    web_client: Web, maintainer: User, checkouts: AnalysisTemplate
) -> None:
    browser = web_client(maintainer)
    assert posted(browser, EDIT, "save-yaml", TEXT, version="1")[0] == 303

    late = TEXT.replace("0.5", "0.9")
    status, page, _form = posted(browser, EDIT, "save-yaml", late, version="1")

    assert status == 422
    assert "result > 0.9" in page
    checkouts.refresh_from_db()
    assert checkouts.spec.success == "result > 0.5"


@pytest.mark.parametrize("text", [TEXT, f"name: others\nteam: payments\n{TEXT}"])
def test_a_new_one_has_its_name_and_team_from_the_text_or_from_the_form(
    web_client: Web, maintainer: User, text: str
) -> None:
    status, _page, _form = posted(web_client(maintainer), NEW, "save-yaml", text, name="typed", team="payments")

    assert status == 303
    made = AnalysisTemplate.objects.get(built_in=False)
    assert (made.name, made.team.name if made.team else "") == ("others" if "others" in text else "typed", "payments")


def test_a_copy_begins_with_the_yaml_of_what_is_copied(web_client: Web, maintainer: User) -> None:
    page = web_client(maintainer).get(f"{NEW}?from=success-rate")

    assert from_yaml(page.context["yaml"])["success"] == TEMPLATES["success-rate"].success


def test_who_may_not_write_cannot_as_yaml_either(web_client: Web, developer: User, checkouts: AnalysisTemplate) -> None:
    assert posted(web_client(developer), EDIT, "save-yaml", TEXT, version="1")[0] == 403
    assert posted(web_client(developer), NEW, "save-yaml", TEXT, name="mine", team="payments")[0] == 403


def test_every_built_in_one_comes_back_from_its_yaml() -> None:
    for template in TEMPLATES.values():
        fields = {"description": "", **template.to_json()}
        assert from_yaml(as_yaml(fields)) == fields
