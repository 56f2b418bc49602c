"""The programs are built once for all checkouts, on machines with and without Go."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from sandbox import definitions, toolchain
from sandbox.build import CONTROL_PLANE, bin_folder, build, is_built
from sandbox.errors import BuildFailed
from sandbox.files import Lock
from sandbox.progress import Progress, write_progress
from tests.conftest import until


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's cache in which nothing is built yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def fetched_definitions(empty_cache: Path) -> None:
    """The kinds that are not built but fetched are in the cache."""
    definitions.cached().parent.mkdir(parents=True)
    definitions.cached().write_text("[]")


def program(folder: Path, name: str, prints: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho {prints}\n")
    (folder / name).chmod(0o755)


@pytest.mark.parametrize(("version", "is_taken"), [("go1.25.9", False), ("go1.26.0", True), ("go1.27.3", True)])
def test_the_go_on_the_path_is_taken_when_it_is_new_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, is_taken: bool
) -> None:
    program(tmp_path, "go", version)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert toolchain.own_go() == (tmp_path / "go" if is_taken else None)


def test_without_go_the_pinned_wheel_is_taken(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(empty_cache))
    program(toolchain.wheel_folder() / "go" / "bin", "go", "go1.26.6")

    assert toolchain.own_go() is None
    assert toolchain.wheel_go() == toolchain.wheel_folder() / "go" / "bin" / "go"
    assert toolchain.wheel_folder().is_relative_to(empty_cache)


def test_the_wheel_is_pinned_by_hash() -> None:
    assert "--hash=sha256:" in toolchain.REQUIREMENTS.read_text()


def test_a_second_build_waits_for_the_first_and_shows_how_far_it_is(
    empty_cache: Path, fetched_definitions: None
) -> None:
    first = Lock(bin_folder() / "build.lock")
    first.take(within_seconds=0)
    write_progress(bin_folder() / "progress.json", Progress("building", "compile", "building etcd", 5, 10, 0.5, 42.0))
    seen: list[Progress] = []

    second = threading.Thread(target=build, args=(seen.append,))
    second.start()
    until(lambda: seen, seconds=5)
    for tool in CONTROL_PLANE.tools:
        program(bin_folder(), tool.name, "built by the first")
    first.release()
    second.join(timeout=10)

    assert not second.is_alive()
    assert seen[0].message == "building etcd"
    assert all("built by the first" in (bin_folder() / tool.name).read_text() for tool in CONTROL_PLANE.tools)


def test_what_is_built_is_not_built_again(
    empty_cache: Path, fetched_definitions: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tool in CONTROL_PLANE.tools:
        program(bin_folder(), tool.name, "")
    monkeypatch.setenv("PATH", str(empty_cache))
    began = time.monotonic()

    assert build(lambda progress: pytest.fail("there was nothing to do")) == bin_folder()
    assert time.monotonic() - began < 1


@pytest.mark.skipif(toolchain.own_go() is None, reason="needs a Go toolchain, and installing one here takes minutes")
def test_a_build_that_cannot_fetch_says_so_and_what_to_do(empty_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9")
    # The user's caches would give what the proxy does not.
    for cache in ("GOMODCACHE", "GOCACHE"):
        monkeypatch.setenv(cache, str(empty_cache / cache))

    with pytest.raises(BuildFailed) as failure:
        build(lambda progress: None)

    assert failure.value.what == "Fetching the Go modules failed"
    assert "proxy" in failure.value.next
    assert not is_built()
