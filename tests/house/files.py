"""The files of the repository as git sees them: tracked, or new and not ignored."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "portal",
    "metrics",
    "webhooks",
    "deployments",
    "charts",
    "installs",
    "services",
    "clusters",
    "notifications",
    "sinks",
    "accounts",
    "audit",
    "durable",
    "web",
)
FOREIGN = ("static/vendor/", "static/fonts/", "static/icons", "requirements/")
GENERATED = ("go.sum",)


@cache
def repository_files() -> tuple[Path, ...]:
    """Paths relative to the root, without what others wrote or a program generated."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = [
        name for name in listed.split("\0") if name and not name.startswith(FOREIGN) and not name.endswith(GENERATED)
    ]
    return tuple(sorted(Path(name) for name in names if (ROOT / name).is_file()))


@cache
def texts(*suffixes: str) -> list[tuple[Path, str]]:
    """Relative path and content of each file with one of the suffixes."""
    return [(file, (ROOT / file).read_text()) for file in repository_files() if file.suffix in suffixes]


@cache
def python_files(*folders: str) -> list[tuple[Path, ast.Module]]:
    """Relative path and syntax tree of each Python file below the folders, migrations apart."""
    return [
        (file, _syntax_of(file))
        for file in repository_files()
        if file.suffix == ".py" and file.parts[0] in folders and "migrations" not in file.parts
    ]


@cache
def _syntax_of(file: Path) -> ast.Module:
    """Each tree once, whichever folders are asked for: together they are a million objects, which Python's garbage
    collector walks again and again at the end of a run."""
    return ast.parse((ROOT / file).read_text())


def module_name(file: Path) -> str:
    """`clusters/connection/__init__.py` is `clusters.connection`."""
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def imported_modules(file: Path, tree: ast.Module) -> set[str]:
    """Every module a file imports, wherever in it; `from a import b` counts as `a` and as `a.b`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found
