"""What the shell offers at the Tab key: names from the portal, kept for a minute.

Whatever goes wrong here offers nothing: a prompt is no place for an error.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

import click

KEPT_SECONDS = 60.0
ASKED_SECONDS = 2.0
MOST = 200


def services(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Services whose name begins so."""
    return _beginning(begun, "services/")


def environments(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Environments whose name begins so."""
    return _beginning(begun, "environments/")


def clusters(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Clusters whose name begins so."""
    return _beginning(begun, "clusters/")


def of_release(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """First a service, then an environment."""
    given = context.params.get("release") or ()
    return _beginning(begun, "environments/" if given else "services/")


def of_promotion(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """First a service, unless a whole system is promoted, then environments."""
    given = context.params.get("words") or ()
    return _beginning(begun, "environments/" if given or context.params.get("system") else "services/")


def _beginning(begun: str, path: str) -> list[str]:
    try:
        return [name for name in _names(path) if name.startswith(begun)]
    except Exception:
        return []


def _names(path: str) -> list[str]:
    from slipway_cli.client import Client
    from slipway_cli.place import find_place

    client = Client(find_place(), patience=0.0)
    file = _file(client.place.url, client.token.text(client.place), path)
    kept = _kept(file)
    if kept is not None:
        return kept
    rows = client.get(path, seconds=ASKED_SECONDS, limit=MOST)["results"]
    names = [str(row["name"]) for row in rows]
    _keep(file, names)
    return names


def _file(url: str, token: str, path: str) -> Path:
    """Of one portal and one caller: what one may see is nobody else's business."""
    who = hashlib.sha256(f"{url}\n{token}\n{path}".encode()).hexdigest()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "slipway" / f"{who[:32]}.json"


def _kept(file: Path) -> list[str] | None:
    try:
        if time.time() - file.stat().st_mtime > KEPT_SECONDS:
            return None
        found: Any = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return [str(name) for name in found] if isinstance(found, list) else None


def _keep(file: Path, names: list[str]) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = file.with_suffix(f".{os.getpid()}")
    written.touch(mode=0o600)
    written.write_text(json.dumps(names), encoding="utf-8")
    written.replace(file)
