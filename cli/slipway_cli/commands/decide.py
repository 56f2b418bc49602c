"""What a person or a script decides about a release that is there."""

from __future__ import annotations

from typing import Any

import click

from slipway_cli import exits
from slipway_cli.options import Call, portal, release_argument, release_meant, waits
from slipway_cli.waiting import Patience

COMMENT = click.option("--comment", "-m", default="", help="Said with the decision.")
STEP = click.option("--step", type=click.IntRange(0), help="Only where it waits at this step, counted from 0.")


def _decided(call: Call, release: tuple[str, ...], verb: str, body: dict[str, Any]) -> dict[str, Any]:
    meant = release_meant(call, release)
    said = {name: value for name, value in body.items() if value not in (None, "", False)}
    found: dict[str, Any] = call.client.post(f"releases/{meant['id']}/{verb}/", said)
    return found


def _ended(call: Call, release: dict[str, Any], patience: Patience | None) -> int:
    return call.wait(release, patience) if patience else call.end(release, exits.SUCCEEDED)


@click.command()
@release_argument
@COMMENT
@STEP
@waits()
@portal
def approve(call: Call, release: tuple[str, ...], comment: str, step: int | None, patience: Patience | None) -> int:
    """Approve a release that waits for voices. Who asked for it never counts."""
    return _ended(call, _decided(call, release, "approve", {"comment": comment, "step": step}), patience)


@click.command()
@release_argument
@COMMENT
@STEP
@portal
def reject(call: Call, release: tuple[str, ...], comment: str, step: int | None) -> int:
    """Reject a release that waits for voices: one rejection aborts it."""
    return _ended(call, _decided(call, release, "reject", {"comment": comment, "step": step}), None)


@click.command()
@release_argument
@click.option("--full", is_flag=True, help="Skip all steps that are left.")
@STEP
@waits()
@portal
def promote(call: Call, release: tuple[str, ...], full: bool, step: int | None, patience: Patience | None) -> int:
    """Let a release leave the pause that it is in."""
    return _ended(call, _decided(call, release, "promote", {"full": full, "step": step}), patience)


@click.command()
@release_argument
@portal
def pause(call: Call, release: tuple[str, ...]) -> int:
    """Hold a release where it is."""
    return _ended(call, _decided(call, release, "pause", {}), None)


@click.command()
@release_argument
@waits()
@portal
def resume(call: Call, release: tuple[str, ...], patience: Patience | None) -> int:
    """Let a release go on that somebody holds."""
    return _ended(call, _decided(call, release, "resume", {}), patience)


@click.command()
@release_argument
@waits()
@portal
def retry(call: Call, release: tuple[str, ...], patience: Patience | None) -> int:
    """Try a release again: one that has ended begins anew under another id."""
    return _ended(call, _decided(call, release, "retry", {}), patience)


@click.command()
@release_argument
@click.option("--reason", default="", help="Why, for the timeline and the audit log.")
@portal
def abort(call: Call, release: tuple[str, ...], reason: str) -> int:
    """Stop a release and bring the old version back."""
    return _ended(call, _decided(call, release, "abort", {"reason": reason}), None)
