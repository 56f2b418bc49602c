"""Any call of the REST API."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import click

from slipway_cli import exits, output
from slipway_cli.keys import random_key
from slipway_cli.options import Call, portal
from slipway_cli.text import clean

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@click.command()
@click.argument("method_and_path", nargs=-1, required=True, metavar="[METHOD] PATH")
@click.option(
    "--field",
    "-f",
    "fields",
    multiple=True,
    metavar="KEY=VALUE",
    help="A text: in the query of a GET, else in the body.",
)
@click.option(
    "--typed", "-F", "typed", multiple=True, metavar="KEY=JSON", help="The same for numbers, lists, true, false, null."
)
@click.option("--input", "source", default="", help="A file with the body, - for stdin.")
@click.option("--header", "-H", "headers", multiple=True, metavar="NAME: VALUE", help="As If-Match or Idempotency-Key.")
@click.option("--paginate", is_flag=True, help="All rows of a list, as one array.")
@portal
def api(
    call: Call,
    method_and_path: tuple[str, ...],
    fields: tuple[str, ...],
    typed: tuple[str, ...],
    source: str,
    headers: tuple[str, ...],
    paginate: bool,
) -> int:
    """Call PATH of the API, as `slipway api GET services/` or `slipway api POST releases/ -f service=web ...`.

    Without a method it is GET, or POST where there is a body. The answer goes to stdout as it came.
    """
    *before, path = method_and_path
    values = {**dict(_pair(one) for one in fields), **{name: _value(text) for name, text in map(_pair, typed)}}
    body = _body(source)
    method = before[0].upper() if before else ("POST" if body is not None or values else "GET")
    if len(before) > 1 or method not in METHODS:
        raise click.UsageError(f"Write it as: slipway api [{'|'.join(METHODS)}] PATH.")
    where = _below_the_api(call, path)
    query = dict(parse_qsl(where.query, keep_blank_values=True))
    if method in ("GET", "DELETE"):
        query |= {name: text if isinstance(text, str) else json.dumps(text) for name, text in values.items()}
    elif values:
        if body is not None and not isinstance(body, dict):
            raise click.UsageError("Fields can only be added to a body that is an object.")
        body = {**(body or {}), **values}
    if paginate:
        output.show_json(call.rows(where.path, 100_000, **query))
        return exits.SUCCEEDED
    told = dict(_header(one) for one in headers)
    if method == "POST":
        told.setdefault("Idempotency-Key", random_key())
        body = {} if body is None else body
    answer = call.client.call(method, where.path, body=body, query=query, headers=told)
    if answer.content:
        _show(answer.content)
    return exits.SUCCEEDED


def _show(content: bytes) -> None:
    """JSON for eyes on a terminal, as it came for programs."""
    if not sys.stdout.isatty():
        sys.stdout.buffer.write(content if content.endswith(b"\n") else content + b"\n")
        return
    try:
        output.show_json(json.loads(content))
    except ValueError:
        for line in content.decode(errors="replace").splitlines():
            click.echo(clean(line))


def _below_the_api(call: Call, path: str) -> Any:
    """The path below /api/v1/: a whole address is taken when it is of this portal, as `next` of a list is."""
    base = call.client.place.url
    if "://" in path:
        if not path.startswith(f"{base}/"):
            raise click.UsageError(f"The token is for {base} and is sent nowhere else.")
        path = path.removeprefix(base)
    return urlsplit(path.lstrip("/").removeprefix("api/v1/"))


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name:
        raise click.UsageError(f"{text!r} is no KEY=VALUE.")
    return name, value


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"{text!r} is no JSON; use -f for texts.") from error


def _header(text: str) -> tuple[str, str]:
    name, mark, value = text.partition(":")
    if not mark or name.strip().lower() in ("authorization", "host"):
        raise click.UsageError(f"{text!r} is no header that can be given: NAME: VALUE.")
    return name.strip(), value.strip()


def _body(source: str) -> Any:
    if not source:
        return None
    try:
        return json.loads(sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(f"--input: {source} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise click.UsageError(f"--input: {source} is no JSON: {error}") from error
