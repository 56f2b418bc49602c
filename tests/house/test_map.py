"""docs/architecture.md lists every room and every package in it, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from tests.house.files import ROOT, repository_files

DOCUMENT = (ROOT / "docs" / "architecture.md").read_text()
LISTED = {path.rstrip("/") for path in re.findall(r"^\| `([^`]+)` \|", DOCUMENT, re.MULTILINE)}
FILES = repository_files()


def test_what_the_map_lists_is_there() -> None:
    assert [path for path in sorted(LISTED) if not (ROOT / path).exists()] == []


def test_every_folder_at_the_top_is_on_the_map() -> None:
    folders = {file.parts[0] for file in FILES if len(file.parts) > 1}

    assert folders - LISTED == set()


def test_every_package_of_a_room_is_on_the_map() -> None:
    packages = {str(file.parent) for file in FILES if file.name == "__init__.py" and len(file.parts) > 2}
    own = {path for path in packages if not re.match(r"tests/|.*/(migrations|management)(/|$)", path)}

    assert own - LISTED == set()


def test_every_decision_is_in_the_list_of_decisions() -> None:
    folder = ROOT / "docs" / "decisions"
    records = sorted(file.name for file in folder.glob("[0-9]*.md"))
    index = (folder / "README.md").read_text()

    assert records == sorted(re.findall(r"\]\((\d{4}-[a-z-]+\.md)\)", index))
    for name in records:
        text = (folder / name).read_text()
        assert [
            word for word in ("**Context.**", "**Choice.**", "**Price.**", "**Wrong if**") if word not in text
        ] == []


def test_links_between_documents_lead_somewhere() -> None:
    broken = [
        f"{file}: {target}"
        for file in FILES
        if file.suffix == ".md"
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", (ROOT / file).read_text())
        if not (ROOT / file.parent / target).exists()
    ]
    assert broken == []


def test_files_named_in_the_documents_exist() -> None:
    named = {
        (str(file), path)
        for file in FILES
        if file.suffix == ".md" and file.parts[0] in {"docs", "README.md", "CONTRIBUTING.md"}
        for path in re.findall(r"`((?:[a-z_.-]+/)+[\w.-]+\.(?:py|md|yaml|toml|html|txt))`", (ROOT / file).read_text())
    }
    assert {pair for pair in named if not (ROOT / Path(pair[1])).exists()} == set()
