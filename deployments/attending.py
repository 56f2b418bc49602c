"""Attending to the releases that wait: a Celery message brings a worker here, and much is seen to before it leaves.

One thread of a process attends. It looks for marks every few milliseconds and has each release ticked by one of a few
threads, which go on with the next that has waited longest. As much comes in a row, it stays for a moment when nobody
waits any more: the objects of a write change one after another.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache

import structlog
from django.db import DatabaseError

from clusters.observe.threads import with_database
from deployments import lease
from deployments.attended import SAY_EVERY_SECONDS, Saying
from deployments.lease import Held
from deployments.tick import tick_held
from deployments.turns import MOST, Turn, Turns
from deployments.wake import go_on_elsewhere, is_anybody_waiting
from web.measures import TICK_FAILURES

STAYS_SECONDS = 0.3
LOOK_EVERY_SECONDS = 0.01
# A worker that shall stop waits for as long.
GO_ON_SECONDS = 2.0

log = structlog.get_logger(__name__)
_one = threading.Lock()
_turns = Turns()


def attend() -> None:
    """See to the releases that wait, for a short while, unless another thread of this process does.

    Where some still wait in the end, a message calls the next to attend.
    """
    if _one.acquire(blocking=False):
        try:
            _attend(time.monotonic() + GO_ON_SECONDS)
        finally:
            _one.release()
            # Who was woken by a mark alone, or came in vain while this thread was about to leave.
            go_on_elsewhere()


def _attend(until: float) -> None:
    saying = Saying()
    try:
        stays = time.monotonic() + STAYS_SECONDS
        while (now := time.monotonic()) < min(until, stays):
            saying.go_on()
            if _begin_another(until) or _turns.are_taken:
                stays = now + STAYS_SECONDS
            _turns.wait(LOOK_EVERY_SECONDS if _turns.is_one_free else SAY_EVERY_SECONDS)
    finally:
        saying.end()


def _begin_another(until: float) -> bool:
    """Have those that wait ticked by as many threads as there are turns for. Whether any waits."""
    found = False
    while turn := _turns.take():
        held = None
        try:
            # A question costs less than an attempt, which the databases let write.
            held = lease.take_waiting() if is_anybody_waiting() else None
        finally:
            if held is None:
                turn.end()
        if held is None:
            break
        found = True
        _threads().submit(_tick_on, turn, held, until)
    return found


@with_database
def _tick_on(turn: Turn, held: Held | None, until: float) -> None:
    """Tick this one, and then whichever waits. A tick that fails has told when to look again, and takes none along."""
    try:
        while held is not None:
            turn.goes_on()
            try:
                tick_held(held)
            except Exception:
                TICK_FAILURES.inc()
                log.exception("tick.failed", release=str(held.release_id))
            held = lease.take_waiting() if time.monotonic() < until else None
    except DatabaseError as error:
        # Who attends finds it again.
        log.warning("tick.none_taken", error=str(error))
    finally:
        turn.end()


@lru_cache(maxsize=1)
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MOST, thread_name_prefix="tick")
