"""The parts as a template author meets them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.template import RequestContext, Template, TemplateSyntaxError
from django.test import RequestFactory
from django.utils import timezone

from web.icons import ICONS
from web.nouns import NOUNS, noun_for
from web.templatetags.parts import image, register

STATIC = Path(settings.BASE_DIR) / "static"


def rendered(template: str, path: str = "/", **values: object) -> str:
    request = RequestFactory().get(path)
    return Template(template).render(RequestContext(request, values))


@pytest.mark.parametrize(
    "template",
    ["{% state valeu='healthy' %}", "{% pods_bar ready=1 %}", "{% button 'Go' whynot='x' %}", "{% nosuch %}"],
)
def test_a_misspelt_argument_fails_when_the_template_is_compiled(template: str) -> None:
    with pytest.raises(TemplateSyntaxError):
        Template(template)


def test_an_icon_that_is_not_in_the_list_is_an_error() -> None:
    with pytest.raises(TemplateSyntaxError, match="rokcet"):
        rendered("{% icon 'rokcet' %}")


def test_the_sprite_holds_every_icon_of_the_list_and_no_other() -> None:
    drawn = re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text())
    assert sorted(ICONS) == drawn


def test_a_part_leaves_no_space_behind_it_in_a_sentence() -> None:
    assert rendered("{% ago at %}.", at=timezone.now()).endswith("</time>.")


def test_what_people_wrote_is_shown_as_text() -> None:
    nasty = "<img onerror=alert(1)>"
    shown = rendered(
        "{% mono x copy=True %}{% notice 'bad' x text=x %}{% state x %}{% diff lines %}", x=nasty, lines=[f"+{nasty}"]
    )
    assert "<img" not in shown
    assert shown.count("&lt;img") == 6


def test_a_state_is_an_icon_and_a_word_and_an_unknown_word_stays_without_colour() -> None:
    shown = rendered("{% state 'failed' %}{% state 'never heard of' %}")
    assert 'data-kind="bad"' in shown
    assert "#circle-x" in shown
    assert ">failed<" in shown
    assert 'data-state="never heard of" data-kind="unknown"' in shown


def test_pods_are_drawn_one_by_one_and_from_25_on_as_a_bar() -> None:
    assert rendered("{% pods_bar ready=1 total=4 failing=2 %}").count("<rect") == 4
    assert rendered("{% pods_bar ready=20 total=40 %}").count("<rect") == 3


@pytest.mark.parametrize(
    ("used", "total", "kind"), [(1, 10, "unknown"), (9, 10, "hold"), (9.9, 10, "bad"), (12, 10, "bad")]
)
def test_a_meter_warns_before_it_is_full(used: float, total: float, kind: str) -> None:
    assert f'data-kind="{kind}"' in rendered("{% meter used total %}", used=used, total=total)


def test_a_meter_without_a_measurement_says_so() -> None:
    assert "not known" in rendered("{% meter None 10 %}")


def test_a_panel_is_fresh_until_its_time_is_up() -> None:
    now = timezone.now()
    assert "data-stale" not in rendered("{% as_of at %}", at=now)
    assert "data-stale" in rendered("{% as_of at %}", at=now - timedelta(seconds=16))
    assert "not seen yet" in rendered("{% as_of None %}")


def test_a_button_that_may_not_be_used_says_why_and_submits_nothing() -> None:
    shown = rendered("{% button 'Deploy' why_not='You are a viewer.' url='/deploy/' %}")
    assert 'aria-disabled="true"' in shown
    assert 'type="button"' in shown
    assert "/deploy/" not in shown
    assert "You are a viewer." in shown


@pytest.mark.parametrize(
    ("reference", "repository", "version"),
    [
        ("registry.example:5000/shop/web:1.2", "registry.example:5000/shop/web", ":1.2"),
        ("nginx", "nginx", ""),
        ("nginx@sha256:0123456789abcdef", "nginx", "@sha256:0123456789ab"),
        ("nginx:1.2@sha256:0123456789abcdef", "nginx", ":1.2"),
    ],
)
def test_an_image_is_split_before_its_tag(reference: str, repository: str, version: str) -> None:
    shown = image(reference)
    assert f"<span>{repository}</span>" in shown
    assert f"<b>{version}</b>" in shown


class Named(forms.Form):
    name = forms.CharField(help_text="Lower case.")


def test_a_refused_field_is_tied_to_its_error() -> None:
    shown = rendered("{% field form.name %}", form=Named({"name": ""}))
    assert 'aria-describedby="id_name_hint id_name_error"' in shown
    assert 'aria-invalid="true"' in shown
    assert 'id="id_name_error"' in shown


def test_sorting_keeps_the_filters_and_turns_round_on_the_second_click() -> None:
    first = rendered("{% sort_header 'Name' 'name' %}", "/services/?team=a&page=3")
    assert 'href="/services/?team=a&amp;ordering=name"' in first
    second = rendered("{% sort_header 'Name' 'name' %}", "/services/?ordering=name")
    assert 'href="/services/?ordering=-name"' in second
    assert 'aria-sort="ascending"' in second


def test_a_live_region_fetches_its_own_page_with_its_query() -> None:
    shown = rendered("<div {% live 'services' 'rows' %}></div>", "/services/?team=a")
    assert 'hx-get="/services/?team=a&amp;fragment=rows"' in shown
    assert 'id="rows"' in shown
    assert "hx-nonce=" in shown


def test_a_moment_is_given_to_machines_in_utc() -> None:
    shown = rendered("{% ago at %}", at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    assert 'datetime="2026-01-02T03:04:05Z"' in shown


def test_each_part_is_a_tag_of_that_name_with_a_place_in_the_gallery() -> None:
    templates = Path(settings.BASE_DIR) / "templates"
    gallery = (templates / "gallery.html").read_text()
    names = {file.stem for file in (templates / "parts").glob("*.html")}
    assert names <= set(register.tags)
    assert sorted(name for name in names if f"{{% {name} " not in gallery) == []


@pytest.mark.parametrize(("count", "words"), [(0, "0 users"), (1, "1 user"), (2, "2 users")])
def test_the_noun_of_a_list_goes_with_its_number(count: int, words: str) -> None:
    page = Paginator(["ada"] * count, 50).get_page(1)
    assert f">{words}</span>" in rendered("{% paging page noun='users' %}", page=page)


def test_every_noun_that_a_template_gives_has_both_its_forms() -> None:
    given = re.compile(r"{% paging \w+ noun=\"([^\"]+)\"")
    templates = Path(settings.BASE_DIR, "templates").rglob("*.html")
    used = {noun for file in templates for noun in given.findall(file.read_text())}
    assert used == set(NOUNS)
    assert all(noun_for(noun, 1) != noun_for(noun, 2) for noun in used)


class Choosing(forms.Form):
    may = forms.MultipleChoiceField(
        choices=[
            ("release", [("release.start", "start"), ("release.abort", "abort")]),
            ("team", [("team.edit", "edit")]),
        ],
        help_text="Choose well.",
        widget=forms.CheckboxSelectMultiple,
    )


def test_boxes_in_groups_stand_in_a_fieldset_each_and_the_hint_is_told_once() -> None:
    shown = rendered("{% field form.may %}", form=Choosing({"may": ["release.abort", "nothing"]}))

    assert re.findall(r"<legend>([^<]+)</legend>", shown) == ["May", "release", "team"]
    assert re.findall(r'value="([a-z.]+)"', shown) == ["release.start", "release.abort", "team.edit"]
    assert re.findall(r'value="([a-z.]+)"[^>]* checked', shown) == ["release.abort"]
    assert re.findall(r'aria-describedby="([^"]+)"', shown) == ["id_may_hint id_may_error"]
