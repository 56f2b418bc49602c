"""docker-compose.yml, read so that its services can be started as processes of this machine."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
FILE = ROOT / "docker-compose.yml"
PROCESSES = ("web", "worker", "beat", "watch")


def document() -> dict[str, Any]:
    """The file with its anchors resolved."""
    loaded: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return loaded


class NotSet(Exception):
    """The file wants a variable that is not there."""


def filled_in(text: str, given: dict[str, str]) -> str:
    """Compose's own substitution: ${NAME:-default}, ${NAME:?what is wanted} and $$."""

    def value(match: re.Match[str]) -> str:
        name, operator, rest = match["name"], match["operator"], match["rest"]
        if found := given.get(name or "", ""):
            return found
        if operator == ":?":
            raise NotSet(f"{name}: {rest}")
        return rest or "" if name else "$"

    return re.sub(r"\$(?:\$|\{(?P<name>\w+)(?:(?P<operator>:[-?])(?P<rest>[^}]*))?\})", value, text)


def command(service: str) -> list[str]:
    """The words behind the image's entry point."""
    words: list[str] = document()["services"][service]["command"]
    return words


def environment(service: str, given: dict[str, str], secrets: Path, hosts: dict[str, str]) -> dict[str, str]:
    """What the process is told, with the secrets' folder and the addresses of this machine put in."""
    settings = document()["services"][service].get("environment", {})
    told = {name: filled_in(str(value), given) for name, value in settings.items()}
    files = {name: Path(entry["file"]).name for name, entry in document()["secrets"].items()}
    for name, value in told.items():
        for secret, file in files.items():
            value = re.sub(rf"/run/secrets/{secret}$", str(secrets / file), value)
        for host, address in hosts.items():
            value = value.replace(host, address)
        told[name] = value
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SLIPWAY_") and k != "DJANGO_SETTINGS_MODULE"}
    return {**kept, **told}
