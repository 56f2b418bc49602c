"""Commands that look at a release."""

from __future__ import annotations

import time

import click

from slipway_cli import exits, output
from slipway_cli.options import Call, portal, release_argument, release_meant, waits
from slipway_cli.progress import event_line
from slipway_cli.waiting import Patience

FOLLOW_SECONDS = 2.0


@click.command()
@release_argument
@portal
def status(call: Call, release: tuple[str, ...]) -> int:
    """Show how a release stands. The exit code is 0 whatever that is: `slipway wait` tells by its exit code."""
    return call.end(release_meant(call, release), exits.SUCCEEDED)


@click.command()
@release_argument
@waits(always=True)
@portal
def wait(call: Call, release: tuple[str, ...], patience: Patience) -> int:
    """Wait until a release has ended; the exit code says how."""
    return call.wait(release_meant(call, release), patience)


@click.command()
@release_argument
@click.option("--follow", "-f", is_flag=True, help="Go on until the release has ended.")
@portal
def logs(call: Call, release: tuple[str, ...], follow: bool) -> int:
    """Show the timeline of a release: every step, decision and finding, in order."""
    meant = release_meant(call, release)
    told, rows = 0, []
    while True:
        # Looked at before the events, so that none of those that it ended with is missed.
        over = not follow or exits.has_ended(call.client.get(f"releases/{meant['id']}/"))
        events = call.client.get(f"releases/{meant['id']}/events/", after=told, limit=200)
        for event in events["results"]:
            told = event["seq"]
            rows.append(event)
            if call.output != "json":
                click.echo(event_line(event))
        if events["next"]:
            continue
        if over:
            break
        time.sleep(FOLLOW_SECONDS)
    if call.output == "json":
        output.show_json(rows)
    return exits.SUCCEEDED
