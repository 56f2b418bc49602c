"""Files are named for what they know, say what they are, and stay small."""

from __future__ import annotations

import ast
import sys

from tests.house.files import ROOMS, ROOT, python_files, repository_files, texts

NAMED_FOR_NOTHING = {
    "common",
    "handler",
    "handlers",
    "helper",
    "helpers",
    "manager",
    "managers",
    "misc",
    "util",
    "utils",
}
LONGEST_FILE_LINES = 500
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def test_no_file_is_named_for_a_layer_or_for_nothing() -> None:
    assert [str(file) for file in repository_files() if {file.stem, *file.parts[:-1]} & NAMED_FOR_NOTHING] == []


def test_no_file_has_grown_past_one_subject() -> None:
    lines = {str(file): text.count("\n") for file, text in texts(".py", ".html", ".css", ".js")}

    assert {
        file: count for file, count in lines.items() if count > LONGEST_FILE_LINES and "migrations" not in file
    } == {}


def test_no_root_package_shadows_the_standard_library() -> None:
    assert {file.parent.name for file in ROOT.glob("*/__init__.py")} & sys.stdlib_module_names == set()


def test_a_module_of_several_things_says_what_it_is() -> None:
    """A file with one public definition is explained by that one."""
    silent = [
        str(file)
        for file, tree in python_files(*ROOMS, "sandbox")
        if file.name != "apps.py"
        and ast.get_docstring(tree) is None
        and len([node for node in tree.body if isinstance(node, DEFINITIONS) and not node.name.startswith("_")]) > 1
    ]
    assert silent == []
