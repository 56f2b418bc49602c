"""The story of an install as it is written, until its newest run has ended."""

from __future__ import annotations

import re
from uuid import UUID

import orjson

from accounts.event_stream import EventStream, News
from accounts.permissions import may
from accounts.streaming import Call, Scope
from installs.models import Install, InstallRun
from installs.queries import MOST_AT_ONCE, event_facts, events_after

_EVENTS = re.compile(r"\A/api/v1/installs/(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/events/\Z")


class Stream(EventStream):
    """`GET /installs/{id}/events/`."""

    @staticmethod
    def matches(path: str) -> bool:
        """Whether this application answers the path."""
        return _EVENTS.match(path) is not None

    @staticmethod
    def read(scope: Scope) -> Call | None:
        return Call.of(scope, _EVENTS)

    @staticmethod
    def topic(call: Call) -> str:
        return f"install:{call.pk}"

    @staticmethod
    def viewer(call: Call) -> UUID | None:
        user = call.who()
        if user is None or not may(user, "install.view", None):
            return None
        return user.pk if Install.objects.visible_to(user).filter(pk=call.pk).exists() else None

    @staticmethod
    def news_of(call: Call, after: int) -> News:
        """The lines above `after`. Three queries."""
        install = Install.objects.filter(pk=call.pk).only("pk").first()
        if install is None:
            return News([], after, is_over=True)
        # A run's last line is written before its end: read after the state, none is missed.
        is_over = not InstallRun.objects.filter(install=install).exclude(state__in=InstallRun.ENDED).exists()
        rows = list(events_after(install, after))
        lines = [
            b"id: %d\ndata: %s\n\n" % (row.pk, orjson.dumps(event_facts(row), option=orjson.OPT_UTC_Z)) for row in rows
        ]
        return News(lines, rows[-1].pk if rows else after, is_over=is_over and len(rows) < MOST_AT_ONCE)
