"""Results on stdout: for people, as JSON, or for GitHub Actions, which gets outputs and a summary as well."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import click

from slipway_cli.text import STATUS_COLOURS, clean, escaped, is_coloured, painted, table

FORMATS = ("text", "json", "github")
Rows = list[dict[str, Any]]
OUTPUTS = ("id", "status", "reason", "message", "version", "service", "environment")


def show_release(release: dict[str, Any], output: str, code: int) -> None:
    """One release as it stands at the end of a command."""
    if output == "json":
        show_json(release)
        return
    status = str(release["status"])
    head = f"{release['service']} {release['version']} to {release['environment']}: "
    coloured = painted(status, STATUS_COLOURS.get(status, ""), sys.stdout)
    click.echo(f"{clean(head)}{coloured}", color=is_coloured(sys.stdout))
    for name, value in _facts(release):
        click.echo(f"  {name:<9} {clean(value)}")
    if output == "github":
        write_outputs({name: release.get(name) for name in OUTPUTS} | {"url": _page(release), "exit-code": code})
        write_summary(summary_of(release))
        if code:
            words = release.get("message") or f"The release is {status}."
            click.echo(f"::error title={_property(clean(head + status))}::{_data(clean(words))}")


def _facts(release: dict[str, Any]) -> list[tuple[str, str]]:
    evidence = release.get("evidence") or {}
    proof = " ".join(str(value) for value in evidence.values() if value)
    known = [
        ("id", release["id"]),
        ("images", ", ".join(f"{name} {image}" for name, image in (release.get("images") or {}).items())),
        ("strategy", str((release.get("strategy") or {}).get("type", ""))),
        ("reason", release.get("reason") or ""),
        ("message", release.get("message") or ""),
        ("evidence", proof),
        ("gates", ", ".join(_gate(gate) for gate in release.get("gates") or [])),
        ("page", _page(release)),
    ]
    return [(name, value) for name, value in known if value]


def _gate(gate: dict[str, Any]) -> str:
    until = f" until {gate['until']}" if gate.get("until") else ""
    return f"{gate.get('kind', '')} {gate.get('name') or gate.get('gate') or ''}{until}".strip()


def _page(release: dict[str, Any]) -> str:
    return str((release.get("links") or {}).get("ui") or "")


def show_json(value: Any) -> None:
    """As the API answered it."""
    click.echo(escaped(json.dumps(value, indent=2, ensure_ascii=False)))


def show_rows(rows: Rows, columns: dict[str, str], output: str) -> None:
    """A list: as a table with a heading for each column (name -> dotted path), or as a JSON array."""
    if output == "json":
        show_json(rows)
        return
    texts = [[_text(row, path) for path in columns.values()] for row in rows]
    click.echo(table([name.upper() for name in columns], texts))


def _text(row: dict[str, Any], path: str) -> str:
    value: Any = row
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, list):
        return ", ".join(str(one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)


def write_outputs(values: dict[str, Any]) -> None:
    """Step outputs. Each value stands between marks that nobody can foresee, so that none can set another output."""
    from secrets import token_hex

    _append(
        "GITHUB_OUTPUT",
        "".join(
            f"{name}<<{mark}\n{'' if value is None else value}\n{mark}\n"
            for name, value in values.items()
            for mark in [f"slipway-{token_hex(16)}"]
        ),
    )


def write_summary(markdown: str) -> None:
    """The page of the workflow run."""
    _append("GITHUB_STEP_SUMMARY", markdown)


def _append(variable: str, text: str) -> None:
    if file := os.environ.get(variable):
        with Path(file).open("a", encoding="utf-8") as summary:
            summary.write(text)


def summary_of(release: dict[str, Any]) -> str:
    """A release as Markdown."""
    mark = {"succeeded": "✅", "failed": "❌", "aborted": "❌", "superseded": "❌"}.get(release["status"], "⏳")
    what = f"{release['service']} {release['version']} to {release['environment']}"
    steps = [
        f"| {step['index'] + 1} | {_marked(step['kind'])} | {step['weight']} % | {_marked(step['status'])} |"
        for step in release.get("steps") or []
    ]
    track = ["", "| step | kind | weight | status |", "|---|---|---|---|", *steps] if len(steps) > 1 else []
    words = _marked(release.get("message") or "")
    return "\n".join(
        [
            f"### {mark} {_marked(what)}: {_marked(release['status'])}",
            *(["", words] if words else []),
            *track,
            "",
            f"[The release]({_page(release)})",
            "",
        ]
    )


def promotion_summary(promotion: dict[str, Any], page: str) -> str:
    """A promotion of several services as Markdown."""
    head = f"{promotion.get('system', '')} from {promotion['from']} to {promotion['to']}: {promotion['status']}".strip()
    told = [
        (one["service"], one.get("version") or "", one.get("status") or one["state"])
        for one in [*promotion["releases"], *(promotion.get("skipped") or [])]
    ]
    rows = ["| " + " | ".join(_marked(cell) for cell in cells) + " |" for cells in told]
    lines = [
        f"### {_marked(head)}",
        "",
        "| service | version | status |",
        "|---|---|---|",
        *rows,
        "",
        f"[The promotion]({page})",
        "",
    ]
    return "\n".join(lines)


def _marked(text: object) -> str:
    """Text that Markdown takes for nothing but text."""
    escaped = clean(text).replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{letter}" if letter in r"\`*_{}[]()#+!|~" else letter for letter in escaped)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
