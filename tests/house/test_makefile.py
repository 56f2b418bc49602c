"""The Makefile is the only definition of a command, and says what each does."""

from __future__ import annotations

import re
import subprocess

from tests.house.files import ROOT, texts

MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z][a-z-]*)(?=[a-z -]*:(?!=))", MAKEFILE, re.MULTILINE))
WANTED = {"run", "stop", "status", "test", "check", "bench", "help"}


def test_the_contract_of_targets_is_there() -> None:
    assert TARGETS >= WANTED


def test_make_alone_lists_every_command() -> None:
    answer = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert [name for name in WANTED if not re.search(rf"^  make {name} +\S", answer, re.MULTILINE)] == []


def test_every_make_command_in_the_documents_exists() -> None:
    told = {
        (str(file), target)
        for file, text in [*texts(".md", ".yaml"), *texts("")]
        for target in re.findall(r"\bmake(?: --silent)? ([a-z][a-z-]+)\b(?=[`\s]|$)", "\n".join(_code(text)))
    }
    assert {pair for pair in told if pair[1] not in TARGETS} == set()


def test_every_command_says_what_it_does() -> None:
    assert [name for name in TARGETS if not re.search(rf"^{name}:.* ## \S", MAKEFILE, re.MULTILINE)] == []


def _code(markdown: str) -> list[str]:
    blocks = re.findall(r"```\w*\n(.*?)```", markdown, re.DOTALL)
    return [*blocks, *re.findall(r"`([^`\n]+)`", markdown)]


def test_a_kubeconfig_of_the_shell_is_not_taken_for_ours() -> None:
    """Only a KUBECONFIG said to make itself is registered; the one in the environment is for kubectl."""
    probe = ["make", "-pn", "help"]
    inherited = subprocess.run(probe, cwd=ROOT, capture_output=True, text=True, check=True, env=_shell()).stdout
    said = subprocess.run([*probe, "KUBECONFIG=mine"], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert "SLIPWAY_KUBECONFIG" not in inherited
    assert "SLIPWAY_KUBECONFIG := mine" in said


def _shell() -> dict[str, str]:
    import os

    return {**os.environ, "KUBECONFIG": "theirs"}
