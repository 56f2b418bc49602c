"""How many calls a person may keep open at once: live streams, timelines and long polls.

They count apart from the rate limit, since one of them lasts a minute or a day. Each process counts its own: what is
protected is its memory and its connections.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.utils.translation import gettext as _

from web.errors import TooManyRequests

RETRY_SECONDS = 5
_open: Counter[Hashable] = Counter()


@contextmanager
def kept_open(person: Hashable) -> Iterator[None]:
    """Count one open call of the person for the time of the block. Raises TooManyRequests past the limit."""
    most: int = settings.OPEN_CALLS_PER_PERSON
    if _open[person] >= most:
        raise TooManyRequests(
            _("You keep %(most)d calls open already (long polls, event streams, live pages).") % {"most": most},
            retry_after=RETRY_SECONDS,
            next=_("Close some of them, or ask with fewer at a time."),
        )
    _open[person] += 1
    try:
        yield
    finally:
        _open[person] -= 1
        if _open[person] <= 0:
            del _open[person]
