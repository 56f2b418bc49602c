"""`python -m sandbox status --json` is read by scripts: its shape is a contract (api.md, For scripts)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sandbox.paths import REPOSITORY

COMPONENTS = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "prometheus"}


def told(home: Path) -> dict[str, Any]:
    answer = subprocess.run(
        [sys.executable, "-m", "sandbox", "status", "--json"],
        cwd=REPOSITORY,
        env=os.environ | {"SLIPWAY_HOME": str(home)},
        check=True,
        capture_output=True,
        text=True,
    )
    said: dict[str, Any] = json.loads(answer.stdout)
    return said


@pytest.mark.sandbox
def test_a_running_sandbox_tells_where_everything_is(sandbox_cluster: Any) -> None:
    said = told(sandbox_cluster.kubeconfig.parent.parent)

    assert said["state"] == "ready"
    assert {part["name"] for part in said["components"]} == COMPONENTS
    assert all(part.keys() == {"name", "pid", "healthy"} and part["healthy"] for part in said["components"])
    assert Path(said["kubeconfig"]).stat().st_mode & 0o777 == 0o600
    assert said["api_url"].startswith("https://127.0.0.1:")
    assert said["prometheus_url"].startswith("http://127.0.0.1:")
    assert Path(said["audit_log"]).is_file()


def test_a_home_without_a_sandbox_is_down_and_stays_empty(tmp_path: Path) -> None:
    said = told(tmp_path)

    assert (said["state"], said["components"]) == ("down", [])
    assert list(tmp_path.iterdir()) == []
