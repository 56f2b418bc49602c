"""What every command has in common: which portal, how to answer, which release is meant."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import click

from slipway_cli import completing, exits, output, waiting
from slipway_cli.client import Client
from slipway_cli.durations import Duration
from slipway_cli.errors import GoesOn, Trouble
from slipway_cli.place import find_place

P = ParamSpec("P")
R = TypeVar("R")
Command = Callable[..., Any]


KEY = click.option("--idempotency-key", "key", default="", help="Asked again under one key, it is done once.")
REASON = click.option("--reason", default="", help="Why, for the timeline and the audit log.")
SUPERSEDE = click.option("--supersede", is_flag=True, help="End the release that is under way there.")
OVERRIDE = click.option("--override", default="", metavar="WHY", help="Pass the promotion gate; takes the role for it.")
SOAK = click.option("--wait-soak", is_flag=True, help="Where only soak time is missing, begin at its end.")


@dataclass
class Call:
    """One run of a command: its portal and the form of its answer."""

    url: str
    insecure_http: bool
    output: str

    @cached_property
    def client(self) -> Client:
        """Found when it is needed, so that help and mistakes cost no file and no network."""
        return Client(find_place(self.url, insecure_http=self.insecure_http))

    def end(self, release: dict[str, Any], code: int) -> int:
        """Show a release and answer the exit code."""
        output.show_release(release, self.output, code)
        return code

    def wait(self, release: dict[str, Any], patience: waiting.Patience) -> int:
        """Wait for a release; shows how it stands whether or not it has ended."""
        try:
            found, code = waiting.waited(self.client, release, patience)
        except GoesOn as goes_on:
            output.show_release(goes_on.release, self.output, goes_on.exit_code)
            raise
        return self.end(found, code)

    def rows(self, path: str, limit: int, **query: Any) -> list[dict[str, Any]]:
        """At most `limit` rows of a list, over as many portions as it takes."""
        return self.client.rows(path, limit, **query)


def portal(function: Callable[Concatenate[Call, P], R]) -> Command:
    """A command that calls the portal: its first argument is a Call, from the options that all of them have."""

    @click.option("--output", "-o", "form", type=click.Choice(output.FORMATS), envvar="SLIPWAY_OUTPUT", default="text")
    @click.option("--url", default="", help="The portal. Default: SLIPWAY_URL, or the one signed in to last.")
    @click.option("--insecure-http", is_flag=True, help="Send the token over plain HTTP to another machine.")
    @wraps(function)
    def called(*args: Any, form: str, url: str, insecure_http: bool, **kwargs: Any) -> R:
        return function(Call(url, insecure_http, form), *args, **kwargs)

    return called


def waits(*, always: bool = False) -> Callable[[Command], Command]:
    """Options about waiting, which the command gets as `patience`: None where --wait is not given."""

    def with_options(function: Command) -> Command:
        @click.option("--timeout", type=Duration(), default="15m", show_default=True, help="How long to wait at most.")
        @click.option("--no-wait-approval", is_flag=True, help="Exit with 5 where it waits for an approval.")
        @click.option("--no-wait-window", is_flag=True, help="Exit with 6 where a freeze window or soak time holds it.")
        @click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
        @wraps(function)
        def called(
            *args: Any,
            timeout: float,
            no_wait_approval: bool,
            no_wait_window: bool,
            quiet: bool,
            wait: bool = always,
            **kwargs: Any,
        ) -> Any:
            waits_at_all = wait or no_wait_approval or no_wait_window
            patience = waiting.Patience(timeout, not no_wait_approval, not no_wait_window, quiet)
            return function(*args, patience=patience if waits_at_all else None, **kwargs)

        return called if always else click.option("--wait", is_flag=True, help="Wait until it has ended.")(called)

    return with_options


def service_argument(function: Command) -> Command:
    """SERVICE, completed from the catalog."""
    return click.argument("service", shell_complete=completing.services)(function)


def environment_argument(name: str = "environment") -> Callable[[Command], Command]:
    """An environment, completed from those that there are."""
    return click.argument(name, metavar=name.upper(), shell_complete=completing.environments)


def release_argument(function: Command) -> Command:
    """A release: its id, or service and environment, of which the newest is meant."""
    return click.argument(
        "release", nargs=-1, required=True, metavar="RELEASE|SERVICE ENV", shell_complete=completing.of_release
    )(function)


def is_id(text: str) -> bool:
    """Whether it is the id of a release."""
    return re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()) is not None


def release_meant(call: Call, words: tuple[str, ...]) -> dict[str, Any]:
    """The release with this id; of a service in an environment the one under way, else the newest."""
    if len(words) == 1 and is_id(words[0]):
        found: dict[str, Any] = call.client.get(f"releases/{words[0].lower()}/")
        return found
    if len(words) != 2:
        raise click.UsageError("Name a release by its id, or by service and environment: slipway status checkout prod.")
    service, environment = words
    rows = call.rows("releases/", 10, service=service, environment=environment)
    if not rows:
        raise Trouble(
            f"There is no release of {service} in {environment} that you may see",
            next="slipway services and slipway environments list what there is",
        )
    under_way = [row for row in rows if not exits.has_ended(row)]
    return (under_way or rows)[0]
