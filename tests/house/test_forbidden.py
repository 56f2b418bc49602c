"""What no committed file may hold."""

from __future__ import annotations

import re

import pytest

from tests.house.files import texts

TEXT = (
    ".cfg",
    ".css",
    ".html",
    ".in",
    ".js",
    ".json",
    ".md",
    ".mod",
    ".py",
    ".sh",
    ".toml",
    ".txt",
    ".yaml",
    ".yml",
    "",
)
THIS_FILE = "tests/house/test_forbidden.py"

# Patterns are written so that this file does not match itself.
FORBIDDEN = {
    "a path of somebody's machine": r"(?<![\w.])/(work|root|home/\w+|Users/\w+|tmp)/",
    "a package registry's host": r"(pypi|pythonhosted|npmjs|golang|crates|maven)\.(org|com|io)\b|--index-url",
    "something left to do": r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b",
    "a merge mark": r"^(<{7}|>{7}) ",
}
# (name, pattern) of files for which it is right, with the reason.
RIGHT = {
    ("go.mod", "a package registry's host"),  # Go names modules by host
    ("Dockerfile", "a path of somebody's machine"),  # paths inside the image are the same everywhere
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what], re.MULTILINE)
    found = [
        f"{file}:{text.count(chr(10), 0, match.start()) + 1} {match.group()}"
        for file, text in texts(*TEXT)
        if str(file) != THIS_FILE and (file.name, what) not in RIGHT
        for match in pattern.finditer(text)
    ]
    assert found == []


def test_no_test_is_switched_off_for_good() -> None:
    """A test may skip where a tool is absent; it may not be skipped or expected to fail by a mark."""
    mark = re.compile(r"@pytest\.mark\.(skip|xfail)\b|pytest\.xfail\(|assert True\b")
    found = [f"{file} {match.group()}" for file, text in texts(".py") for match in mark.finditer(text)]
    assert [line for line in found if not line.startswith(THIS_FILE)] == []
