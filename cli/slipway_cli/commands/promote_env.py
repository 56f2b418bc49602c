"""Bring what runs in one environment to the next: of one service, or of all services of a system."""

from __future__ import annotations

import time
from typing import Any

import click

from slipway_cli import completing, exits, output
from slipway_cli.commands.deploy import asked, begun
from slipway_cli.errors import GoesOn, Stopped, Unreachable
from slipway_cli.options import KEY, OVERRIDE, REASON, SOAK, SUPERSEDE, Call, portal, waits
from slipway_cli.text import clean, span
from slipway_cli.waiting import Patience, outcome

LOOK_EVERY_SECONDS = 3.0
OVER = {"succeeded": exits.SUCCEEDED, "failed": exits.FAILED, "aborted": exits.FAILED}
COLUMNS = {
    "wave": "wave",
    "service": "service",
    "version": "version",
    "status": "status",
    "why": "why",
    "release": "id",
}

Promotion = dict[str, Any]


@click.command("promote-env")
@click.argument("words", nargs=-1, required=True, metavar="[SERVICE] FROM TO", shell_complete=completing.of_promotion)
@click.option("--system", default="", help="Instead of SERVICE: every service of this system, in waves.")
@REASON
@SUPERSEDE
@OVERRIDE
@SOAK
@KEY
@waits()
@portal
def promote_env(
    call: Call,
    words: tuple[str, ...],
    system: str,
    reason: str,
    supersede: bool,
    override: str,
    wait_soak: bool,
    key: str,
    patience: Patience | None,
) -> int:
    """Release to environment TO what runs in environment FROM, by the same digest."""
    if len(words) != (2 if system else 3):
        raise click.UsageError("Write it as: slipway promote-env SERVICE FROM TO, or with --system: FROM TO.")
    body: dict[str, Any] = {
        "service": "" if system else words[0],
        "system": system,
        "from": words[-2],
        "to": words[-1],
        "reason": reason,
        "supersede": supersede,
        "override": override,
        "wait": wait_soak,
    }
    body = {name: value for name, value in body.items() if value}
    if not system:
        return begun(call, "promotions/", body, key, patience)
    promotion = asked(call, "promotions/", body, key).json()
    click.echo(f"promotion {promotion['promotion']}, {clean(_page(promotion))}", err=True)
    return _waited(call, promotion, patience) if patience else _end(call, promotion, exits.SUCCEEDED)


def _waited(call: Call, promotion: Promotion, patience: Patience) -> int:
    """Look until it has ended; tells of every release that changes."""
    until = time.monotonic() + patience.seconds
    told: dict[str, str] = {}
    try:
        while promotion["status"] not in OVER:
            _tell(promotion, told, quiet=patience.quiet)
            if (held := _held(promotion, patience)) is not None:
                return _end(call, promotion, held)
            if time.monotonic() >= until:
                raise _goes_on(promotion, f"Not done after {span(patience.seconds)}", exits.TIMED_OUT)
            time.sleep(LOOK_EVERY_SECONDS)
            promotion = call.client.get(f"promotions/{promotion['promotion']}/", until=until)
    except KeyboardInterrupt as stop:
        code = stop.code if isinstance(stop, Stopped) else exits.INTERRUPTED
        raise _goes_on(promotion, "Interrupted", code) from stop
    except Unreachable as lost:
        raise _goes_on(promotion, "The portal does not answer", exits.TIMED_OUT) from lost
    _tell(promotion, told, quiet=patience.quiet)
    return _end(call, promotion, OVER[promotion["status"]])


def _held(promotion: Promotion, patience: Patience) -> int | None:
    """The exit code where one of its releases stands before a gate that is not waited for; the promotion goes on."""
    codes = (outcome(one, patience) for one in promotion["releases"] if not exits.has_ended(one))
    return next((code for code in codes if code is not None), None)


def _tell(promotion: Promotion, told: dict[str, str], *, quiet: bool) -> None:
    for one in promotion["releases"]:
        stands = str(one.get("status") or one.get("state") or "")
        if told.get(one["service"]) != stands and not quiet:
            at = time.strftime("%H:%M:%SZ", time.gmtime())
            click.echo(clean(f"{at} {one['service']} {one['version']}: {stands}"), err=True)
        told[one["service"]] = stands


def _goes_on(promotion: Promotion, title: str, code: int) -> GoesOn:
    told = GoesOn({"id": promotion["promotion"]}, f"{title}; the promotion goes on", code)
    told.next = f"slipway api GET promotions/{promotion['promotion']}/. Its page: {_page(promotion)}"
    return told


def _end(call: Call, promotion: Promotion, code: int) -> int:
    if call.output == "json":
        output.show_json(promotion)
        return code
    head = f"{promotion.get('system', '')} from {promotion['from']} to {promotion['to']}: {promotion['status']}".strip()
    click.echo(clean(head))
    rows = [{"status": one.get("state"), **one} for one in promotion["releases"]]
    rows += [{**one, "status": one.get("state")} for one in promotion.get("skipped") or []]
    output.show_rows(rows, COLUMNS, "text")
    if promotion.get("problem"):
        click.echo(clean(promotion["problem"]))
    if call.output == "github":
        values = {"id": promotion["promotion"], "status": promotion["status"], "url": _page(promotion)}
        output.write_outputs({**values, "exit-code": code})
        output.write_summary(output.promotion_summary(promotion, _page(promotion)))
    return code


def _page(promotion: Promotion) -> str:
    return str((promotion.get("links") or {}).get("ui") or "")
