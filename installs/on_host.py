"""The steps of one host, in order, over one connection that is made again while there is hope."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from django.utils.translation import gettext as _

from installs import stepping
from installs.desk import Stopped
from installs.errors import HostUnreachable
from installs.models import InstallStep
from installs.plain import step_of
from installs.signing_in import Doors, note_offer
from installs.ssh import Session
from installs.stepping import Work
from web.errors import SlipwayError

LOOK_SECONDS = 0.25


def carry_out(
    work: Work, doors: Doors, host: str, rows: Sequence[InstallStep], *, patience: float, again: float
) -> None:
    """Bring the steps to their end, until one fails: then its row says so and those after it wait. Raises Stopped."""
    with contextlib.ExitStack() as opened:
        session: Session | None = None
        give_up = time.monotonic() + patience
        for row in rows:
            while True:
                if not work.desk.may_begin():
                    raise Stopped
                try:
                    session = session or opened.enter_context(doors.open(host))
                    stepping.perform(work, row, step_of(row), session)
                    give_up = time.monotonic() + patience
                    break
                except HostUnreachable as error:
                    opened.close()
                    session = None
                    if not error.may_pass or time.monotonic() > give_up:
                        work.desk.ask(lambda error=error, row=row: _unreachable(work, row, error))  # type: ignore[misc]
                        return
                    work.desk.ask(lambda error=error, row=row: _say(work, row, error.detail))  # type: ignore[misc]
                    _wait(work, again)
                except SlipwayError as error:
                    why = f"{error.detail} {error.next}".strip()
                    work.desk.ask(lambda why=why, row=row: stepping.fail(work, row, why))  # type: ignore[misc]
                    return


def _wait(work: Work, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if not work.desk.may_begin():
            raise Stopped
        time.sleep(LOOK_SECONDS)


# At the desk.


def _unreachable(work: Work, row: InstallStep, error: HostUnreachable) -> None:
    note_offer(work.install, error)
    stepping.fail(work, row, f"{error.detail} {error.next}".strip())


def _say(work: Work, row: InstallStep, text: str) -> None:
    work.log.say(_("%(why)s Trying again.") % {"why": text}, host=row.host, step=row.key)
