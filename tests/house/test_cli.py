"""The command line is a wheel of its own: it stands on two packages, and its versions agree."""

from __future__ import annotations

import sys
import tomllib

import slipway_cli

from tests.house.files import ROOT, imported_modules, python_files

PROJECT = tomllib.loads((ROOT / "cli" / "pyproject.toml").read_text())["project"]
WANTED = {"click", "httpx"}


def test_it_imports_what_its_wheel_asks_for_and_nothing_else() -> None:
    imported = {module.split(".")[0] for file, tree in python_files("cli") for module in imported_modules(file, tree)}
    assert imported - sys.stdlib_module_names - {"slipway_cli"} == WANTED


def test_its_wheel_asks_for_them() -> None:
    assert {requirement.partition(">")[0] for requirement in PROJECT["dependencies"]} == WANTED


def test_both_versions_agree() -> None:
    assert PROJECT["version"] == slipway_cli.__version__
