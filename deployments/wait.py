"""`GET /releases/{id}/wait/`: the answer comes when the release has ended, or waits for an approval where that was
asked for, or when the time is up.

1. The caller is checked once, so that only those who may see the release can keep a connection.
2. While it lasts nothing is held but the connection: the release's topic wakes the wait, and a look every two seconds
   stands in for a Redis that is away. Every fifteen seconds the caller is checked again (T23).
3. Then Django answers, with its own check, rate limit and problem documents: 200 when ended, 202 when not.
"""

from __future__ import annotations

import asyncio
import time
from uuid import UUID

from accounts.streaming import App, Call, Looker, Receive, Scope, Send, pass_on, until_gone
from deployments.models import Release, Status
from deployments.streaming import is_call, read, topic
from web.errors import TooManyRequests
from web.open_calls import kept_open
from web.raw_answers import refuse

LONGEST_SECONDS = 60
DEFAULT_SECONDS = 30
LOOK_AGAIN_SECONDS = 2.0
RECHECK_SECONDS = 15.0
PARAMETERS = {"timeout", "for"}


def seconds_of(text: str) -> int | None:
    """The asked time-out, None when the text is no number from 1 to 60."""
    if not text:
        return DEFAULT_SECONDS
    is_number = text.isascii() and text.isdigit() and len(text) < 4
    return int(text) if is_number and 1 <= int(text) <= LONGEST_SECONDS else None


class Wait:
    """The ASGI application in front of Django's view of the same address."""

    def __init__(
        self, django: App, *, look_again_seconds: float = LOOK_AGAIN_SECONDS, recheck_seconds: float = RECHECK_SECONDS
    ) -> None:
        self._django = django
        self._look_again_seconds = look_again_seconds
        self._recheck_seconds = recheck_seconds
        self._looker = Looker()

    @staticmethod
    def matches(path: str) -> bool:
        """Whether this application answers the path."""
        return is_call(path, "wait")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then let Django answer."""
        call = read(scope) if scope["type"] == "http" else None
        seconds = seconds_of(call.query.get("timeout", [""])[0]) if call and set(call.query) <= PARAMETERS else None
        waiter = await self._looker.look(lambda: waiter_of(call)) if call and seconds else None
        if call is None or seconds is None or waiter is None:
            await self._django(scope, receive, send)
            return
        try:
            with kept_open(waiter):
                await self._answer(call, seconds, scope, receive, send)
        except TooManyRequests as error:
            await refuse(scope, send, error)

    async def _answer(self, call: Call, seconds: int, scope: Scope, receive: Receive, send: Send) -> None:
        gone = asyncio.create_task(until_gone(receive))
        try:
            await self._wait(call, seconds, gone)
            if not gone.done():
                await pass_on(self._django, scope, gone, receive, send)
        finally:
            gone.cancel()

    async def _wait(self, call: Call, seconds: float, gone: asyncio.Task[None]) -> None:
        ends_at = time.monotonic() + seconds
        check_at = time.monotonic() + self._recheck_seconds
        async with self._looker.woken_by(topic(call)) as wakeups:
            # What ended between the first look and the subscription was published to nobody.
            while not gone.done() and not await self._looker.look(lambda: is_over(call)):
                now = time.monotonic()
                if now >= ends_at:
                    return
                if now >= check_at:
                    if await self._looker.look(lambda: waiter_of(call)) is None:
                        return
                    check_at = now + self._recheck_seconds
                await wakeups.sleep(min(ends_at - now, self._look_again_seconds), gone)


def waiter_of(call: Call) -> UUID | None:
    """The caller's id, where they may see the release and it has not ended; None where there is nothing to wait for."""
    if call.is_foreign:
        return None
    user = call.who()
    waits = user is not None and Release.objects.visible_to(user).active().filter(pk=call.pk).exists()
    return user.pk if user and waits else None


def is_over(call: Call) -> bool:
    """Whether there is nothing to wait for any more: it has ended, or it waits for voices and the caller wants to know
    (`for=approval`). One query."""
    rows = Release.objects.active().filter(pk=call.pk)
    if call.query.get("for") == ["approval"]:
        rows = rows.exclude(status=Status.WAITING, reason="ApprovalRequired")
    return not rows.exists()
