"""Commands that begin a release."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from slipway_cli import exits, keys, output
from slipway_cli.client import Answer
from slipway_cli.errors import GoesOn, Refused
from slipway_cli.options import (
    KEY,
    OVERRIDE,
    REASON,
    SOAK,
    SUPERSEDE,
    Call,
    environment_argument,
    portal,
    service_argument,
    waits,
)
from slipway_cli.text import clean
from slipway_cli.waiting import Patience

# How often one job may be refused the same before its next try counts as another job's.
MOST_ASKED = 100


@click.command()
@service_argument
@environment_argument()
@click.option("--image", "-i", "images", multiple=True, required=True, help="IMAGE, or CONTAINER=IMAGE for several.")
@click.option("--strategy", "-s", default="", help="rolling, canary, blue_green; or JSON, or @FILE with JSON.")
@click.option("--version", "version", default="", help="How the version is called, if not by the image's tag.")
@click.option("--config", default="", help="JSON or @FILE: {container: {env, resources}}.")
@click.option("--commit", default="", help="Default in CI: the commit of the job.")
@click.option("--source-url", default="", help="Default in CI: the page of the job.")
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
@REASON
@SUPERSEDE
@OVERRIDE
@SOAK
@KEY
@waits()
@portal
def deploy(
    call: Call,
    service: str,
    environment: str,
    images: tuple[str, ...],
    strategy: str,
    version: str,
    config: str,
    commit: str,
    source_url: str,
    dry_run: bool,
    reason: str,
    supersede: bool,
    override: str,
    wait_soak: bool,
    key: str,
    patience: Patience | None,
) -> int:
    """Release an image of SERVICE to ENVIRONMENT.

    With --wait it ends when the release does, with an exit code that says how. In CI it sends a key made of the job, so
    that a job which is run again goes on with the release that it started.
    """
    body: dict[str, Any] = {
        "service": service,
        "environment": environment,
        **_images(images),
        "strategy": _json_or_name(strategy, "--strategy"),
        "version": version,
        "config": _json_or_name(config, "--config"),
        "commit": commit or keys.commit_here(),
        "source_url": source_url or keys.page_here(),
        "reason": reason,
        "supersede": supersede,
        "override": override,
        "wait": wait_soak,
    }
    body = {name: value for name, value in body.items() if value}
    if dry_run:
        return _plan(call, call.client.post("releases/", body, dry_run="true"))
    return begun(call, "releases/", body, key, patience)


@click.command()
@service_argument
@environment_argument()
@click.option("--to-revision", type=click.IntRange(1), help="Default: the last good one that is not running.")
@click.option("--emergency", is_flag=True, help="Go ahead without the approvals that the environment asks for.")
@REASON
@SUPERSEDE
@KEY
@waits()
@portal
def rollback(
    call: Call,
    service: str,
    environment: str,
    to_revision: int | None,
    emergency: bool,
    reason: str,
    supersede: bool,
    key: str,
    patience: Patience | None,
) -> int:
    """Go back to an older revision of SERVICE in ENVIRONMENT."""
    body: dict[str, Any] = {
        "service": service,
        "environment": environment,
        "to_revision": to_revision,
        "emergency": emergency,
        "reason": reason,
        "supersede": supersede,
    }
    body = {name: value for name, value in body.items() if value}
    return begun(call, "releases/rollback/", body, key, patience)


def begun(call: Call, path: str, body: dict[str, Any], key: str, patience: Patience | None) -> int:
    """POST what begins a release, once for this key, and wait for it where that is wanted."""
    try:
        answer = asked(call, path, body, key)
        release = answer.json()
    except KeyboardInterrupt:
        click.echo("Interrupted while asking: look at slipway releases whether it has begun.", err=True)
        raise
    again = answer.is_replayed
    click.echo(
        f"{'this job began it before: ' if again else ''}release {release['id']}, {clean(release['links']['ui'])}",
        err=True,
    )
    if patience is None:
        return call.end(release, exits.SUCCEEDED)
    if again and exits.has_ended(release) is False:
        # The first answer was kept as it was; how it stands now is another question.
        try:
            release = call.client.get(f"releases/{release['id']}/")
        except KeyboardInterrupt as stop:
            raise GoesOn(release, "Interrupted; the release goes on", exits.INTERRUPTED) from stop
    return call.wait(release, patience)


def asked(call: Call, path: str, body: dict[str, Any], key: str) -> Answer:
    """POST under the given key, else under that of the job.

    A refusal is kept under its key as well. What a job was refused before, and asks again, is asked under the next key
    of the job: the window may be over. A refused call has begun nothing, so that none is begun twice.
    """
    own = key or keys.key_for(body)
    for number in range(1, MOST_ASKED):
        try:
            return call.client.call("POST", path, body=body, key=own if number == 1 else f"{own}-{number}")
        except Refused as refused:
            if key or not refused.is_replayed:
                raise
    return call.client.call("POST", path, body=body, key=keys.random_key())


def _images(given: tuple[str, ...]) -> dict[str, Any]:
    named = [image.partition("=") for image in given]
    if all(mark for _, mark, _ in named):
        return {"images": {name: image for name, _, image in named}}
    if len(given) > 1 or named[0][1]:
        raise click.UsageError("Give one --image, or name the container of each: --image web=registry/web:1.")
    return {"image": given[0]}


def _json_or_name(text: str, option: str) -> Any:
    """A name as it is; JSON, or a file of it after @, as what it says."""
    if text.startswith("@"):
        try:
            text = sys.stdin.read() if text == "@-" else Path(text[1:]).read_text(encoding="utf-8")
        except OSError as error:
            raise click.UsageError(f"{option}: {text[1:]} cannot be read: {error.strerror}") from error
    elif not text.lstrip().startswith("{"):
        return text
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.UsageError(f"{option} is no JSON: {error}") from error


def _plan(call: Call, plan: dict[str, Any]) -> int:
    """What a release would do: its exit code is that of the refusal that would meet it."""
    refusals = plan.get("refusals") or []
    code = exits.ERROR if refusals else exits.SUCCEEDED
    if any(gate.get("kind") in ("freeze_window", "promotion") for gate in plan.get("gates") or []) and refusals:
        code = exits.BLOCKED
    if call.output == "json":
        output.show_json(plan)
        return code
    click.echo("\n".join(clean(line) for line in str(plan["template_diff"]).splitlines()) or "No difference.")
    for step in plan.get("steps") or []:
        pods = step["pods"]
        click.echo(clean(f"step {step['kind']}: {step['weight']} %, pods {pods['stable']} old, {pods['canary']} new"))
    for kind in ("warnings", "refusals"):
        for note in plan.get(kind) or []:
            click.echo(clean(f"{kind[:-1]}: {note['detail']}"))
    return code
