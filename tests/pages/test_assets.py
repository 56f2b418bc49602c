"""What a browser loads: all from us, hashed, and light."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles.finders import FileSystemFinder
from django.core.management import call_command
from django.test import override_settings

BUDGET_BYTES = 200_000
STATIC = Path(settings.BASE_DIR) / "static"


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The static files as an installation serves them."""
    root = tmp_path_factory.mktemp("static")
    storages = {**settings.STORAGES, "staticfiles": {"BACKEND": "web.static_files.HashedStorage"}}
    with override_settings(STATIC_ROOT=root, STORAGES=storages):
        call_command("collectstatic", interactive=False, verbosity=0)
    return root


def loaded() -> list[Path]:
    """Every file of ours that a page may load, relative to static/."""
    finder = FileSystemFinder()
    return [Path(name) for name, _storage in finder.list([]) if not name.endswith(("LICENSE", ".md"))]


def test_all_assets_together_stay_within_the_budget() -> None:
    sizes = {file: len(gzip.compress((STATIC / file).read_bytes())) for file in loaded()}
    assert sum(sizes.values()) < BUDGET_BYTES, sizes


def test_references_between_files_carry_the_hash(collected: Path) -> None:
    """An import or url() without a hash would go on serving yesterday's file."""
    reference = re.compile(r"""(?:@import url\(|url\(|from )["'](?!data:)([^"']+)["']""")
    bare = [
        f"{file.name}: {found}"
        for file in [*collected.rglob("*.css"), *collected.rglob("*.js")]
        if re.search(r"\.[0-9a-f]{12}\.", file.name) and "vendor" not in file.parts
        for found in reference.findall(file.read_text())
        if not re.search(r"\.[0-9a-f]{12}\.\w+$", found)
    ]
    assert bare == []


def test_no_asset_names_another_host() -> None:
    foreign = re.compile(r"""(?:url\(|import |from )["']?(?:https?:)?//""")
    texts = {file: (STATIC / file).read_text() for file in loaded() if file.suffix in {".css", ".js"}}
    assert [str(file) for file, text in texts.items() if foreign.search(text)] == []


def test_every_style_sheet_is_loaded() -> None:
    app = (STATIC / "css" / "app.css").read_text()
    sheets = {str(file.relative_to("css")) for file in loaded() if file.parts[0] == "css"} - {"app.css"}
    assert sorted(sheet for sheet in sheets if f'"{sheet}"' not in app) == []


def test_colours_stand_in_the_tokens_alone() -> None:
    colour = re.compile(r"#[0-9a-fA-F]{3,8}\b|\brgba?\(|\bhsla?\(")
    found = {
        str(file): colour.findall((STATIC / file).read_text())
        for file in loaded()
        if file.parts[0] == "css" and file.name != "tokens.css"
    }
    assert {name: colours for name, colours in found.items() if colours} == {}


def test_every_vendored_library_has_its_licence_beside_it() -> None:
    folders = [folder for folder in (STATIC / "vendor").iterdir() if folder.is_dir() and any(folder.iterdir())]
    assert [folder.name for folder in folders if not list(folder.glob("*LICENSE*"))] == []
