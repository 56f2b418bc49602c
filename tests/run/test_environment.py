"""The virtual environment is made by one script that runs on a bare Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "portal" / "run" / "environment.py"


def install(folder: Path, lock: str) -> subprocess.CompletedProcess[str]:
    (folder / "lock.txt").write_text(lock)
    return subprocess.run(
        [sys.executable, "-I", str(SCRIPT), "lock.txt"],
        cwd=folder,
        env={**os.environ, "PIP_NO_INDEX": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_what_cannot_be_installed_is_told_with_the_words_of_pip(tmp_path: Path) -> None:
    answer = install(tmp_path, f"no-such-package==1.0 --hash=sha256:{'0' * 64}\n")

    assert answer.returncode != 0
    assert "No matching distribution found for no-such-package==1.0" in answer.stdout
    assert "pip could not install lock.txt" in answer.stdout
