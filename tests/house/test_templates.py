"""Templates: every word can be translated, and nothing in them needs a laxer content policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.files import texts

# The gallery's headings are the names of parts, which are never translated.
NAMES_ONLY = {"templates/gallery.html"}
TEMPLATES = [(file, text) for file, text in texts(".html") if file.parts[0] == "templates"]
NOT_SENTENCES = ("code", "kbd", "pre", "samp", "svg", "script", "style")
READ_ATTRIBUTES = re.compile(r"\s(?:alt|aria-label|aria-description|placeholder|title)\s*=\s*\"([^\"]*)\"")

POLICY = {
    "an inline style": re.compile(r"\sstyle\s*=|<style\b"),
    "an inline event handler": re.compile(r"\son[a-z]+\s*=|\shx-on", re.IGNORECASE),
    "an inline script": re.compile(r"<script\b(?![^>]*\b(?:src=|type=\"application/json\"))"),
    "text that is not escaped": re.compile(r"\|\s*safe\b|\{%\s*autoescape\s+off"),
    "an address of another host": re.compile(r"\s(?:src|href)\s*=\s*\"(?:https?:)?//"),
}


def words(template: str) -> str:
    """What a reader sees of a template that did not come through a translation or a variable."""
    text = re.sub(r"\{#.*?#\}|\{%\s*comment\b.*?\{%\s*endcomment\s*%\}|<!--.*?-->", " ", template, flags=re.DOTALL)
    text = re.sub(r"\{%\s*blocktrans(?:late)?\b.*?\{%\s*endblocktrans(?:late)?\s*%\}", " ", text, flags=re.DOTALL)
    text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.DOTALL)
    for element in NOT_SENTENCES:
        text = re.sub(rf"<{element}\b.*?</{element}>", " ", text, flags=re.DOTALL)
    # Identifiers such as `release.start` or `service:checkout` are the same in every language.
    shown = re.sub(r"\w+[.:/]\w+", "", " ".join(READ_ATTRIBUTES.findall(text)))
    text = re.sub(r"<[^>]*>", " ", text, flags=re.DOTALL)
    return " ".join(re.findall(r"[^\W\d_]{2,}", re.sub(r"&\w+;", " ", f"{text} {shown}")))


@pytest.mark.parametrize(
    ("template", "seen"),
    [
        ('<p>{% translate "Deploy" %}</p>', ""),
        ("<p>Deploy</p>", "Deploy"),
        ('<a title="Deploy now">{{ name }}</a>', "Deploy now"),
        ('<a title="{% translate "Deploy" %}"><code>kubectl</code></a>', ""),
        ("{% blocktranslate %}Deploy {{ name }}{% endblocktranslate %}", ""),
    ],
)
def test_words_finds_what_is_not_translated(template: str, seen: str) -> None:
    assert words(template) == seen


def test_every_word_of_a_template_can_be_translated() -> None:
    untranslated = {str(file): words(text) for file, text in TEMPLATES if str(file) not in NAMES_ONLY}

    assert {file: text for file, text in untranslated.items() if text.replace("Slipway", "").strip()} == {}


@pytest.mark.parametrize("what", POLICY)
def test_no_template_holds(what: str) -> None:
    assert [f"{file}: {match.group()}" for file, text in TEMPLATES for match in POLICY[what].finditer(text)] == []


def test_every_template_is_used() -> None:
    """A template is named by code, or by another template, or by a part tag of its name."""
    code = "\n".join(text for file, text in texts(".py", ".html") if file.parts[0] != "tests")
    unused = [
        str(file)
        for file, _ in TEMPLATES
        if str(Path(*file.parts[1:])) not in code and not (file.parts[1] == "parts" and f"def {file.stem}" in code)
    ]
    assert unused == []
