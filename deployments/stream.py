"""The timeline of a release as it is written, until its last line."""

from __future__ import annotations

from uuid import UUID

import orjson

from accounts.event_stream import EventStream, News
from accounts.streaming import Call, Scope
from deployments.facts import event_facts
from deployments.models import Release
from deployments.queries import events_after
from deployments.streaming import is_call, read, topic


class Stream(EventStream):
    """`GET /releases/{id}/events/`."""

    @staticmethod
    def matches(path: str) -> bool:
        """Whether this application answers the path."""
        return is_call(path, "events")

    @staticmethod
    def read(scope: Scope) -> Call | None:
        return read(scope)

    @staticmethod
    def topic(call: Call) -> str:
        return topic(call)

    @staticmethod
    def viewer(call: Call) -> UUID | None:
        user = call.who()
        sees = user is not None and Release.objects.visible_to(user).filter(pk=call.pk).exists()
        return user.pk if user and sees else None

    @staticmethod
    def news_of(call: Call, after: int) -> News:
        """The events above `after`. Two queries."""
        release = Release.objects.filter(pk=call.pk).only("ended").first()
        if release is None:
            return News([], after, is_over=True)
        # Events are written with the state that they tell of: read after the flag, they cannot miss the last one.
        events = list(events_after(release, after))
        lines = [
            b"id: %d\ndata: %s\n\n" % (event.seq, orjson.dumps(event_facts(event), option=orjson.OPT_UTC_Z))
            for event in events
        ]
        return News(lines, events[-1].seq if events else after, is_over=release.ended)
