"""The wheel: built from the tree without a network, it has what it needs, and what it starts is the command."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.portal_run import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    uv = Path(sys.executable).with_name("uv")
    subprocess.run([uv, "build", "--quiet", "--offline", "--wheel", "--out-dir", folder, ROOT / "cli"], check=True)
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_every_module_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        held = {name for name in packed.namelist() if name.endswith(".py")}
        foreign = [name for name in packed.namelist() if not name.startswith(("slipway_cli/", "slipway_cli-"))]
        (metadata,) = [name for name in packed.namelist() if name.endswith("METADATA")]
        told = Parser().parsestr(packed.read(metadata).decode())
    tree = {str(file.relative_to(ROOT / "cli")) for file in (ROOT / "cli" / "slipway_cli").rglob("*.py")}
    assert held == tree
    assert foreign == []
    assert sorted(requirement.partition(">")[0] for requirement in told.get_all("Requires-Dist", [])) == [
        "click",
        "httpx",
    ]
    assert told["License-Expression"] == "Apache-2.0"


def test_installed_it_runs(wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "site"
    uv = Path(sys.executable).with_name("uv")
    install = [uv, "pip", "install", "--quiet", "--offline", "--no-deps", "--no-index", "--python", sys.executable]
    subprocess.run([*install, "--target", target, wheel], check=True)
    # Only what the wheel asks for, of all that is installed here, and nothing of the tree.
    path = f"{target}:{sysconfig.get_path('purelib')}"

    done = subprocess.run(
        [target / "bin" / "slipway", "--version"],
        env={"PYTHONPATH": path, "PATH": "/usr/bin:/bin"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "slipway 0.1.0\n"), done.stderr
