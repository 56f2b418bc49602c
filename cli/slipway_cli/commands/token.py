"""One's own tokens."""

from __future__ import annotations

import click

from slipway_cli import exits, output
from slipway_cli.client import segment
from slipway_cli.options import Call, portal


@click.group()
def token() -> None:
    """List, make and revoke tokens for scripts and CI jobs."""


@token.command("list")
@portal
def list_(call: Call) -> int:
    """List your tokens."""
    columns = {
        "id": "id",
        "name": "name",
        "begins": "prefix",
        "may": "scopes",
        "state": "state",
        "used": "last_used_at",
        "expires": "expires_at",
    }
    output.show_rows(call.rows("tokens/", 1000), columns, call.output)
    return exits.SUCCEEDED


@token.command()
@click.option("--name", required=True, help="What it is for.")
@click.option("--scope", "scopes", multiple=True, help="What it may do; none: all that you may.")
@click.option("--expires", default="30d", show_default=True, help="As 12h or 30d; empty: never.")
@portal
def create(call: Call, name: str, scopes: tuple[str, ...], expires: str) -> int:
    """Make a token. It is printed alone on stdout, this once."""
    made = call.client.post("tokens/", {"name": name, "scopes": list(scopes), "expires": expires})
    if call.output == "json":
        output.show_json(made)
    else:
        click.echo(made["token"])
    return exits.SUCCEEDED


@token.command()
@click.argument("token_id", metavar="ID")
@portal
def revoke(call: Call, token_id: str) -> int:
    """End a token for good."""
    call.client.call("DELETE", f"tokens/{segment(token_id)}/")
    click.echo("revoked", err=True)
    return exits.SUCCEEDED
