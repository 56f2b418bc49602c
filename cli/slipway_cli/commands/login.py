"""Signing in on this machine, and out again."""

from __future__ import annotations

import os
import platform
import sys
import time
from typing import Any

import click

from slipway_cli import exits, hosts, output
from slipway_cli.client import Client, problem_of, quick
from slipway_cli.errors import NotSignedIn, Refused, Trouble
from slipway_cli.options import Call, portal
from slipway_cli.place import TOKEN, Token
from slipway_cli.text import clean

# RFC 8628, section 3.5: how much slower to ask after `slow_down`.
SLOWER_SECONDS = 5.0
DEFAULT_SCOPES = ("deploy", "approve")


@click.command()
@click.option("--with-token", is_flag=True, help="Read a token from stdin instead of asking in the browser.")
@click.option(
    "--scope", "scopes", multiple=True, help="What it may do. Default: deploy and approve, each with reading."
)
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@portal
def login(call: Call, with_token: bool, scopes: tuple[str, ...], no_browser: bool) -> int:
    """Sign in to a portal: you allow it in the browser, and a token is kept on this machine."""
    place = call.client.place
    if with_token:
        given = {"access_token": sys.stdin.read().strip()}
    else:
        given = _by_device(place.url, scopes or DEFAULT_SCOPES, no_browser)
    raw = str(given["access_token"])
    if not raw or not (raw.isascii() and raw.isprintable()):
        raise NotSignedIn("That is no token", next="give it on stdin: slipway login --with-token < file")
    me = Client(place, Token(raw, "this sign-in")).get("me/")
    host = {"token": raw, "user": me["username"], "token_id": given.get("token_id", "")}
    hosts.keep(place.url, host)
    click.echo(f"signed in to {place.url} as {clean(me['username'])}", err=True)
    if os.environ.get(TOKEN):
        click.echo(f"{TOKEN} is set, and goes before what was kept now", err=True)
    if call.output == "json":
        output.show_json({"url": place.url, "user": me["username"]})
    return exits.SUCCEEDED


def _by_device(url: str, scopes: tuple[str, ...], no_browser: bool) -> dict[str, Any]:
    """The device flow of RFC 8628: print a code, let the person allow it in a browser, ask until they have."""
    asked = {"client": f"slipway CLI on {platform.node() or 'this machine'}"[:100], "scopes": list(scopes)}
    begun = quick("POST", f"{url}/api/v1/auth/device/", body=asked)
    if begun.status not in (200, 201):
        raise Refused(begun.status, problem_of(begun))
    device = begun.json()
    click.echo(f"Open {clean(device['verification_uri'])} and enter the code {clean(device['user_code'])}", err=True)
    if not no_browser and _has_browser():
        click.launch(device["verification_uri_complete"])
    ends_at = time.monotonic() + float(device["expires_in"])
    pause = float(device["interval"])
    while time.monotonic() < ends_at:
        time.sleep(pause)
        answer = quick("POST", f"{url}/api/v1/auth/device/token/", body={"device_code": device["device_code"]})
        if answer.status == 200:
            found: dict[str, Any] = answer.json()
            return found
        problem = problem_of(answer)
        match problem.get("error"):
            case "authorization_pending":
                continue
            case "slow_down":
                pause += SLOWER_SECONDS
            case "access_denied":
                raise NotSignedIn("The sign-in was refused in the browser", next="slipway login, to ask again")
            case "expired_token":
                break
            case _ if answer.status not in (429, 502, 503, 504):
                raise Refused(answer.status, problem)
    raise NotSignedIn("Nobody allowed the sign-in in time", next="slipway login, to get a new code")


def _has_browser() -> bool:
    """Whether a browser that opens here is in front of the person: not over SSH, not without a display."""
    if os.environ.get("SSH_CONNECTION") or os.environ.get("CI") or not sys.stderr.isatty():
        return False
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@click.command()
@portal
def logout(call: Call) -> int:
    """Revoke the token of this machine and forget it."""
    place = call.client.place
    kept = hosts.kept()["hosts"].get(place.url)
    if kept is None:
        raise NotSignedIn(f"Nobody is signed in to {place.url} on this machine")
    told = ""
    if kept.get("token_id"):
        try:
            Client(place, Token(str(kept["token"]), str(hosts.file()))).call("DELETE", f"tokens/{kept['token_id']}/")
        except NotSignedIn:
            told = ""
        except Trouble as trouble:
            told = f"the token could not be revoked ({clean(trouble.title)}): do so under Settings, Tokens"
    else:
        told = "the token itself is still good: it was not made by slipway login"
    hosts.forget(place.url)
    click.echo(f"signed out of {place.url}", err=True)
    if told:
        click.echo(told, err=True)
    return exits.SUCCEEDED


@click.command()
@portal
def whoami(call: Call) -> int:
    """Show who the portal takes you for, and what the token may do."""
    me = call.client.get("me/")
    if call.output == "json":
        output.show_json({**me, "url": call.client.place.url})
        return exits.SUCCEEDED
    token = me.get("token") or {}
    teams = [f"{team} ({', '.join(roles)})" for team, roles in (me.get("teams") or {}).items()]
    for name, value in (
        ("user", me["username"]),
        ("portal", call.client.place.url),
        ("admin", "yes" if me.get("is_admin") else ""),
        ("teams", ", ".join(teams)),
        ("token", token.get("name", "")),
        ("may", ", ".join(token.get("scopes") or []) or "all that the user may"),
    ):
        if value:
            click.echo(f"{name:<7} {clean(value)}")
    return exits.SUCCEEDED
