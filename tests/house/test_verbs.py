"""One verb, one spelling: a permission is asked for, recorded and tested under the same word."""

from __future__ import annotations

import ast

import pytest

from accounts.permissions import PERMISSIONS
from tests.house.files import ROOMS, python_files, repository_files

COMMANDS = [(file, tree) for file, tree in python_files(*ROOMS) if "commands" in file.parts[1:2]]
# Verbs whose command is a file of its own name; other rooms keep a subject's verbs together.
VERB_A_FILE = ("cluster", "release")


def words(tree: ast.Module) -> list[str]:
    """Every permission that is written in a file, as often as it is."""
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value in PERMISSIONS]


def asked_for(tree: ast.Module) -> set[str]:
    """The permissions that a file requires."""
    return {
        argument.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require"
        for argument in node.args[1:2]
        if isinstance(argument, ast.Constant)
    }


REQUIRED = sorted(set().union(*(asked_for(tree) for _, tree in COMMANDS)))


def test_every_permission_that_is_asked_for_exists() -> None:
    assert [name for name in REQUIRED if name not in PERMISSIONS] == []
    assert len(REQUIRED) > 20


@pytest.mark.parametrize("permission", REQUIRED)
def test_what_is_permitted_is_recorded_under_the_same_word(permission: str) -> None:
    """Once where it is required, once where it goes into the audit log, both in the file of the command."""
    counts = {str(file): words(tree).count(permission) for file, tree in COMMANDS if permission in asked_for(tree)}

    assert max(counts.values()) >= 2


@pytest.mark.parametrize("permission", [name for name in REQUIRED if name.partition(".")[0] in VERB_A_FILE])
def test_a_verb_has_a_command_and_a_test_of_its_name(permission: str) -> None:
    verb = permission.partition(".")[2]

    assert verb in {file.stem for file, _ in COMMANDS}
    assert [file for file in repository_files() if file.parts[0] == "tests" and f"test_{verb}" in file.stem]
