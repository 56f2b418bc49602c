"""One step of a canary as the short text of a form row, and back. What a short text cannot say is written as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from deployments.engine.json import Json
from deployments.engine.strategies import APPROVAL_SECONDS
from deployments.strategy_yaml import from_yaml

KINDS = ("set_weight", "pause", "analysis", "approval", "set_header_route", "set_mirror")
_SPAN = re.compile(r"\A([0-9]{1,9})\s*(s|min|m|h)?\Z")
_SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
_HEADER = re.compile(r"\A(\S+)\s+([^\s=]+)=(.+)\Z")
_DEFAULTS = {"approval": {"required": 1, "expires_seconds": APPROVAL_SECONDS, "on_expiry": "pause"}}


def step_of(kind: str, text: str) -> Json:
    """The step that a row says. What cannot be read stays as it was typed, for the reader of strategies to refuse."""
    text = text.strip()
    if text.startswith("{"):
        try:
            return {kind: from_yaml(text)}
        except ValueError:
            return {kind: text}
    read = _READERS.get(kind)
    return {kind: read(text) if read else text}


def text_of(step: Json) -> tuple[str, str]:
    """Kind and text of a row for this step; `step_of` makes the same step of them."""
    kind, value = next(iter(step.items()), ("set_weight", ""))
    said = _without_defaults(kind, value)
    short = _short(kind, said)
    if short is not None and _without_defaults(kind, step_of(kind, short)[kind]) == said:
        return kind, short
    return kind, value if isinstance(value, str) else json.dumps(value)


def _percent(text: str) -> Any:
    number = text.removesuffix("%").strip()
    return int(number) if number.isascii() and number.isdigit() else text


def _pause(text: str) -> Any:
    if not text:
        return {}
    found = _SPAN.match(text)
    return {"seconds": int(found[1]) * _SECONDS[found[2] or ""]} if found else text


def _analysis(text: str) -> Any:
    return {"templates": [name for name in re.split(r"[\s,]+", text) if name]}


def _approval(text: str) -> Any:
    first, _space, rest = text.partition(" ")
    if not first.isascii() or not first.isdigit():
        return {"team": text} if text else {}
    return {"required": int(first), **({"team": rest.strip()} if rest.strip() else {})}


def _header_route(text: str) -> Any:
    found = _HEADER.match(text)
    return {"name": found[1], "match": {"header": found[2], "exact": found[3]}} if found else {"name": text}


_READERS: dict[str, Callable[[str], Any]] = {
    "set_weight": _percent,
    "set_mirror": _percent,
    "pause": _pause,
    "analysis": _analysis,
    "approval": _approval,
    "set_header_route": _header_route,
}


def _short(kind: str, value: Any) -> str | None:
    """The text that may say it; None where there is none."""
    if kind in ("set_weight", "set_mirror"):
        return str(value)
    if not isinstance(value, dict):
        return None
    if kind == "pause":
        return str(value.get("seconds") or "")
    if kind == "analysis":
        names = value.get("templates")
        return ", ".join(map(str, names)) if isinstance(names, list) else None
    if kind == "approval":
        return f"{value.get('required', 1)} {value.get('team', '')}".strip()
    name, match = str(value.get("name", "")), value.get("match") or {}
    return f"{name} {match.get('header')}={match.get('exact')}" if match else name


def _without_defaults(kind: str, value: Any) -> Any:
    defaults = _DEFAULTS.get(kind, {})
    if not isinstance(value, dict):
        return value
    return {name: item for name, item in value.items() if item is not None and defaults.get(name) != item}
