"""T35: YAML that people bring, wherever it is taken, is data: a tag makes no object and runs nothing."""

from __future__ import annotations

import ast
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from charts.archive import read_chart
from charts.values import read_values
from deployments.typed_yaml import read_typed
from installs.inventory import FORMATS, InventoryRefused, read
from services.importing.documents import documents_of
from tests.callers import ApiClient
from tests.charts.archives import packed
from tests.house.files import ROOMS, python_files
from web.errors import SlipwayError

Api = Callable[..., ApiClient]
TAGS = [
    "!!python/object/apply:os.system ['touch {file}']",
    "!!python/object/new:subprocess.Popen [['touch', '{file}']]",
    "!!python/name:os.system ''",
    "!!python/module:os ''",
    "!!python/tuple [1, 2]",
]


def _chart(text: str) -> object:
    return read_chart(packed({"x/Chart.yaml": f"apiVersion: v2\nname: x\nversion: 1.0.0\nhome: {text}\n".encode()}))


def _inventories(text: str) -> object:
    found = []
    for name in FORMATS:
        with suppress(InventoryRefused):
            found.append(str(read(f"kind: Inventory\nhosts: {text}\nall: {text}\nspec: {text}\n", format=name)))
    return found


READERS: dict[str, Callable[[str], Any]] = {
    "catalog": lambda text: documents_of(f"kind: Component\nmetadata: {text}\n"),
    "strategy and analysis template": lambda text: read_typed(f"steps: {text}\n", texts=()),
    "values of a chart": lambda text: read_values(f"replicas: {text}\n"),
    "chart": _chart,
    "inventory": _inventories,
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("tag", TAGS)
def test_t35_a_tag_makes_nothing_but_plain_data(tmp_path: Path, reader: str, tag: str) -> None:
    file = tmp_path / "canary"
    try:
        found = READERS[reader](tag.format(file=file))
    except (SlipwayError, ValueError):
        # Refused in the reader's own words; nothing that Python or YAML raised has come through.
        found = None
    assert is_plain(found), found
    assert not file.exists()


def is_plain(value: object) -> bool:
    """Whether JSON could hold it, or one of the reader's own rows does."""
    if isinstance(value, dict):
        return all(is_plain(each) for each in [*value, *value.values()])
    if isinstance(value, list):
        return all(is_plain(each) for each in value)
    return value is None or isinstance(value, str | int | float | bool)


def test_t35_over_rest_it_is_refused_with_a_reason(api: Api, maintainer: User, tmp_path: Path) -> None:
    file = tmp_path / "canary"
    text = f"kind: Component\nmetadata: {{name: {TAGS[0].format(file=file)}}}\n"
    answer = api(maintainer).post("/services/import/", {"yaml": text})
    assert answer.status_code in {200, 422}
    assert not file.exists()


def test_t35_no_reader_in_the_house_can_make_objects() -> None:
    """Each use of PyYAML names a loader that knows plain data only, or is one of its safe functions."""
    safe = {"CSafeLoader", "SafeLoader", "CBaseLoader", "_TextLoader"}
    found = []
    for file, tree in python_files(*ROOMS, "sandbox"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {"yaml.load", "yaml.load_all"}:
                loaders = {ast.unparse(word.value).rpartition(".")[2] for word in node.keywords if word.arg == "Loader"}
                found += [] if loaders and loaders <= safe else [f"{file}:{node.lineno}"]
            if isinstance(node, ast.ClassDef) and node.name == "_TextLoader":
                bases = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
                found += [] if bases <= safe else [f"{file}:{node.lineno}"]
            if isinstance(node, ast.Attribute) and ast.unparse(node) in {"yaml.unsafe_load", "yaml.full_load"}:
                found.append(f"{file}:{node.lineno}")
    assert found == []
