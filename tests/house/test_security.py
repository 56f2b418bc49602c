"""docs/security.md says of every threat where it is tested, or why its feature does not exist yet."""

from __future__ import annotations

import re

from tests.house.files import ROOT, repository_files

ROWS = dict(
    re.findall(
        r"^\| (T\d\d) \|[^|]+\| ([^|]+) \|$", (ROOT / "docs" / "security.md").read_text(encoding="utf-8"), re.MULTILINE
    )
)
TESTS = [file for file in repository_files() if re.match(r"test_t\d\d_", file.name)]


def test_every_threat_has_one_row() -> None:
    assert list(ROWS) == [f"T{number:02}" for number in range(1, 51)]


def test_every_row_leads_to_tests_of_its_number_or_says_that_there_is_no_feature() -> None:
    wrong = {
        number: claimed
        for number, claimed in ROWS.items()
        if not claimed.startswith("no feature yet")
        and not all(
            f"test_{number.lower()}_" in pattern and any(file.match(pattern) for file in TESTS)
            for pattern in re.findall(r"`([^`]+)`", claimed) or [""]
        )
    }
    assert wrong == {}


def test_every_test_of_a_threat_is_in_its_row() -> None:
    unlisted = [
        str(file)
        for file in TESTS
        if not any(file.match(pattern) for pattern in re.findall(r"`([^`]+)`", ROWS[file.name[5:8].upper()]))
    ]
    assert unlisted == []
