"""T34: a Chart.lock that is a link never reaches Helm, and Slipway never lets Helm fetch dependencies or plugins."""

from __future__ import annotations

import ast
import tarfile
from pathlib import Path

import pytest

from charts.archive import read_chart
from charts.errors import ArchiveRefused
from tests.charts.archives import CHART_YAML, archive, member
from tests.house.files import python_files


@pytest.mark.parametrize("lock", ["Chart.lock", "requirements.lock", "charts/inner/Chart.lock"])
def test_a_lock_file_that_is_a_link_is_refused(lock: str) -> None:
    about = (member("web/Chart.yaml"), CHART_YAML.format(name="web", version="1.0.0", description="x").encode())
    with pytest.raises(ArchiveRefused) as refused:
        read_chart(archive([about, (member(f"web/{lock}", tarfile.SYMTYPE, "../../.bashrc"), b"")]))
    assert refused.value.reason == "link"


def test_helm_is_never_told_to_update_dependencies_or_to_run_plugins() -> None:
    said = {
        node.value
        for _file, tree in python_files("charts")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert not said & {"dependency", "dep", "plugin", "pull", "--dependency-update", "repo", "registry"}


def test_the_pinned_helm_has_the_fix() -> None:
    pinned = Path("deploy/tools/helm/go.mod").read_text()
    version = next(line.split()[1] for line in pinned.splitlines() if line.strip().startswith("helm.sh/helm/v4 "))
    assert tuple(int(part) for part in version.removeprefix("v").split(".")) >= (4, 0, 0)
