"""docs/operations.md names every setting there is."""

from __future__ import annotations

import re

from tests.house.files import ROOMS, ROOT, texts

DOCUMENT = (ROOT / "docs" / "operations.md").read_text()
# Told to child processes by their starter, or names of the caller's own shell in examples.
INTERNAL = {"SLIPWAY_PROCESS", "SLIPWAY_URL", "SLIPWAY_TOKEN"}


def test_every_variable_of_the_environment_is_documented() -> None:
    read = {
        name
        for file, text in texts(".py")
        if file.parts[0] in ROOMS
        for name in re.findall(r"\"(SLIPWAY_[A-Z_]+)\"", text)
    }
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", DOCUMENT, re.MULTILINE))

    assert read - INTERNAL == documented - {"PORT"}


def test_every_management_command_in_it_exists() -> None:
    commands = {file.stem for file in ROOT.glob("*/management/commands/*.py")}

    own = {"migrate", "collectstatic"}
    assert set(re.findall(r"manage\.py ([a-z_]+)", DOCUMENT)) - own <= commands
