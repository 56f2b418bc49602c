"""One step on one host: look whether it is done, do it, look again. Called by the host's own thread.

1. The probe runs under the host's lock, so it waits for a script of an earlier pass that is still under way.
2. What is done already is not done again, unless a secret that it gives was lost with the worker that heard it.
3. The start is written down before it happens; a step that was begun before and is not done is taken back first.
4. What the script gives is saved before the step counts as done.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from installs.bundle import Bundle
from installs.desk import Desk, Stopped
from installs.errors import HostUnreachable, StepFailed, StepTimedOut
from installs.models import Install, InstallStep
from installs.run_log import Log
from installs.shapes import File, Step
from installs.ssh import LOCK_BUSY, TIMED_OUT, Interrupted, Session
from web.live import publish

MOST_ATTEMPTS = 5
PROBE_SECONDS = 60
_LAST_LINES = 5
_GIVE = re.compile(r"\A::give ([A-Z][A-Z0-9_]{0,63})=(.*)\Z")


@dataclass(frozen=True)
class Work:
    """What the steps of a pass share."""

    desk: Desk
    install: Install
    log: Log
    bundle: Bundle | None


def perform(work: Work, row: InstallStep, step: Step, session: Session) -> None:
    """Bring the step to its end. Raises StepFailed, HostUnreachable, Stopped; the row then says how far it came."""
    desk = work.desk
    desk.ask(lambda: _save(work, row, state=InstallStep.State.RUNNING, problem=""))
    env = desk.ask(lambda: _held(work, step))
    if step.probe and _is_good(work, step, session, step.probe, env) and desk.ask(lambda: _has_given(work, step)):
        was_done_before = row.started_at is None
        desk.ask(lambda: _done(work, row, {}, was_done_before=was_done_before))
        return
    if missing := [name for name in step.needs if name not in env]:
        raise StepFailed(
            _("It needs %(names)s, which no earlier step gave.") % {"names": ", ".join(missing)},
            next=_("Retry: the step that gives it runs again."),
        )
    if row.attempts >= MOST_ATTEMPTS:
        raise StepFailed(
            _("It was begun %(count)d times and never came to its end.") % {"count": row.attempts},
            next=_("Look at the log and at the host, then retry."),
        )
    was_begun = row.started_at is not None
    started = row.started_at or timezone.now()
    desk.ask(lambda: _save(work, row, attempts=row.attempts + 1, started_at=started))
    if was_begun and step.undo and not step.is_repeatable:
        _say(work, step, _("It was begun before and is not done: it is taken back first."))
        _run(work, step, session, step.undo, env)
    for file in step.files:
        _put(work, step, session, file)
    given = _run(work, step, session, step.script, env, is_main=True)
    if lost := [name for name in step.gives if name not in given]:
        raise StepFailed(_("The script did not give %(names)s.") % {"names": ", ".join(lost)})
    check = step.verify or step.probe
    if check and not _is_good(work, step, session, check, env):
        raise StepFailed(
            _("It ended without an error, but what it was to do is not done."), next=_("Look at its log, then retry.")
        )
    desk.ask(lambda: _done(work, row, given))


def fail(work: Work, row: InstallStep, why: str) -> None:
    """Write down that the step failed. At the desk."""
    why = work.log.masked(why)
    work.log.say(why, host=row.host, step=row.key)
    _save(work, row, state=InstallStep.State.FAILED, problem=why, ended_at=timezone.now())


def begin(work: Work, row: InstallStep) -> None:
    """Write down that the portal does a step itself. At the desk."""
    _save(
        work,
        row,
        state=InstallStep.State.RUNNING,
        problem="",
        attempts=row.attempts + 1,
        started_at=row.started_at or timezone.now(),
    )


def done(work: Work, row: InstallStep, *, was_done_before: bool = False) -> None:
    """Write down that the portal did it. At the desk."""
    _done(work, row, {}, was_done_before=was_done_before)


def _is_good(work: Work, step: Step, session: Session, script: str, env: dict[str, str]) -> bool:
    """Whether a probe says yes."""
    seconds = min(PROBE_SECONDS, max(step.timeout_seconds, 10))
    running = session.start(script, seconds=seconds, env=env, lock=step.timeout_seconds)
    for _lines in running.lines():
        if not work.desk.still():
            raise Stopped
    if running.code == LOCK_BUSY:
        raise _busy(session)
    return running.code == 0


def _run(
    work: Work, step: Step, session: Session, script: str, env: dict[str, str], *, is_main: bool = False
) -> dict[str, str]:
    """Run a script to its end, its words into the log; answers what it gave. Raises StepFailed."""
    given: dict[str, str] = {}
    last: list[str] = []
    running = session.start(script, seconds=step.timeout_seconds, env=env, lock=step.timeout_seconds)
    for lines in running.lines():
        said = list(_without_gifts(lines, given, step if is_main else None))
        if said:
            last = [*last, *said][-_LAST_LINES:]
            secrets = list(given.values())
            work.desk.ask(lambda said=said, secrets=secrets: _hear(work, step, said, secrets))  # type: ignore[misc]
        if not work.desk.still():
            raise Stopped
    if running.code == LOCK_BUSY:
        raise _busy(session)
    if running.code == TIMED_OUT:
        raise StepTimedOut(
            _("It did not end within %(seconds)d seconds and was ended.") % {"seconds": step.timeout_seconds},
            next=_("Look at its log and at the host, then retry."),
        )
    if running.code != 0:
        words = " ".join(work.log.masked(line) for line in last if line.strip())[-800:]
        raise StepFailed(_("It ended with %(code)d: %(words)s") % {"code": running.code, "words": words or "-"})
    return given


def _without_gifts(lines: Iterable[str], given: dict[str, str], step: Step | None) -> Iterator[str]:
    """The lines for the log; what the step gives is taken out, and what looks like a gift is never shown."""
    for line in lines:
        if not line.lstrip().startswith("::give"):
            yield line
        elif (match := _GIVE.match(line)) and step is not None and match[1] in step.gives:
            given[match[1]] = match[2].strip()


def _hear(work: Work, step: Step, lines: list[str], secrets: list[str]) -> None:
    work.log.hide(secrets)
    work.log.add(lines, host=step.host, step=step.id)


def _put(work: Work, step: Step, session: Session, file: File) -> None:
    """Have a file of the step on the host."""
    if file.text is not None:
        content: Iterable[bytes] = [file.text.encode()]
        sha256 = hashlib.sha256(file.text.encode()).hexdigest()
    elif work.bundle is not None:
        content, sha256 = work.bundle.chunks(file.member), file.sha256 or work.bundle.member(file.member).sha256
    else:
        raise StepFailed(_("%(path)s comes from an offline bundle, and there is none.") % {"path": file.path})
    began = time.monotonic()
    try:
        is_new = session.put(file.path, content, sha256, mode=file.mode, still=work.desk.still)
    except Interrupted as error:
        raise Stopped from error
    if is_new:
        seconds = time.monotonic() - began
        _say(work, step, _("put %(path)s (%(seconds).1f s)") % {"path": file.path, "seconds": seconds})


def _busy(session: Session) -> HostUnreachable:
    host = session.account.host
    return HostUnreachable(host, _("A script of an earlier step still runs on %(host)s.") % {"host": host}, step="run")


def _say(work: Work, step: Step, text: str) -> None:
    work.desk.ask(lambda: work.log.say(text, host=step.host, step=step.id))


# At the desk.


def _held(work: Work, step: Step) -> dict[str, str]:
    """The secrets that the step reads, as far as they were given."""
    if not step.needs:
        return {}
    held = Install.objects.only("secrets").get(pk=work.install.pk).secrets or {}
    work.log.hide(held.values())
    return {name: held[name] for name in step.needs if name in held}


def _has_given(work: Work, step: Step) -> bool:
    if not step.gives:
        return True
    held = Install.objects.only("secrets").get(pk=work.install.pk).secrets or {}
    return all(name in held for name in step.gives)


def _done(work: Work, row: InstallStep, given: dict[str, str], *, was_done_before: bool = False) -> None:
    with atomic():
        if given:
            locked = Install.objects.select_for_update().only("pk", "secrets").get(pk=work.install.pk)
            locked.secrets = {**(locked.secrets or {}), **given}
            locked.save(update_fields=["secrets"])
        _save(
            work,
            row,
            state=InstallStep.State.SUCCEEDED,
            was_done_before=was_done_before,
            problem="",
            ended_at=timezone.now(),
        )
    work.log.say(_("was done already") if was_done_before else _("done"), host=row.host, step=row.key)


def _save(work: Work, row: InstallStep, **values: object) -> None:
    for name, value in values.items():
        setattr(row, name, value)
    InstallStep.objects.filter(pk=row.pk).update(**values)
    publish(f"install:{work.install.pk}")
