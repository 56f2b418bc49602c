"""The container image: linted, complete, and made of nothing but what is pinned."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.house.files import ROOMS
from tests.production.compose import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
STAGES = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]


def test_the_dockerfile_is_linted() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


def test_every_room_is_in_the_image_and_nothing_else_gets_near_it() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, re.MULTILINE))
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    assert copied == {*ROOMS, "templates", "static"}
    assert let_in == {*copied, "manage.py", "requirements/runtime.txt", "deploy/tools"}


def test_python_packages_are_taken_by_hash_only() -> None:
    assert "--require-hashes" in DOCKERFILE
    assert not re.search(r"curl|wget|ADD |https?://", DOCKERFILE.split("\n", 1)[1])


def test_it_runs_as_nobody_in_particular_and_can_say_whether_it_lives() -> None:
    last = STAGES[-1]

    assert re.search(r"^USER (\d+):\1$", last, re.MULTILINE)
    assert last.index("USER ") < last.index("HEALTHCHECK ") < last.index("ENTRYPOINT ")


def test_kubectl_is_of_the_kubernetes_that_the_sandbox_runs() -> None:
    wanted = re.search(r"k8s\.io/kubernetes (v[\d.]+)", (ROOT / "sandbox/go.mod").read_text())

    assert wanted and f"k8s.io/kubernetes {wanted[1]}" in (ROOT / "deploy/tools/kubectl/go.mod").read_text()


def test_the_programs_of_the_image_are_pinned_by_sum() -> None:
    for name, module in (("kubectl", "k8s.io/kubernetes"), ("helm", "helm.sh/helm/v4")):
        folder = ROOT / "deploy/tools" / name
        version = re.search(rf"{re.escape(module)} (v[\d.]+)", (folder / "go.mod").read_text())

        assert version and f"{module} {version[1]} h1:" in (folder / "go.sum").read_text()
