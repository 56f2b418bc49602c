"""The file in which `slipway login` keeps a token for each portal: for its owner's eyes only."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from slipway_cli.errors import Trouble

Host = dict[str, Any]


def file() -> Path:
    """Where it is: below XDG_CONFIG_HOME, else ~/.config."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "slipway" / "hosts.json"


def kept() -> dict[str, Any]:
    """`{"default": url, "hosts": {url: {"token", "user", ...}}}`. Raises Trouble for a file that cannot be read."""
    try:
        text = file().read_text(encoding="utf-8")
    except FileNotFoundError:
        return {"default": "", "hosts": {}}
    except OSError as error:
        raise Trouble(f"{file()} cannot be read", str(error.strerror), next="look at its owner and mode") from error
    try:
        found = json.loads(text)
        return {"default": str(found["default"]), "hosts": dict(found["hosts"])}
    except (ValueError, KeyError, TypeError) as error:
        raise Trouble(f"{file()} is damaged", next="remove it and sign in again: slipway login --url URL") from error


def keep(url: str, host: Host) -> None:
    """Note the token of a portal, which becomes the default."""
    now = kept()
    now["hosts"][url] = host
    _write({"default": url, "hosts": now["hosts"]})


def forget(url: str) -> Host | None:
    """Drop the token of a portal; answers what was kept of it."""
    now = kept()
    gone: Host | None = now["hosts"].pop(url, None)
    others = sorted(now["hosts"])
    default = now["default"] if now["default"] in now["hosts"] else (others[0] if others else "")
    if gone is not None:
        _write({"default": default, "hosts": now["hosts"]})
    return gone


def _write(content: dict[str, Any]) -> None:
    """Whole or not at all, and never readable by others in between."""
    import tempfile

    folder = file().parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".hosts-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as written:
            json.dump(content, written, indent=2)
        Path(name).replace(file())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
