"""How long ago, in words; static/js/behaviours/ago.js says the same while a page stays open."""

from __future__ import annotations

from datetime import datetime

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR, DAY = 60, 3600, 86400
OLD_DAYS = 30


def words(at: datetime, now: datetime) -> str:
    """ "just now", "40 s ago", "5 min ago", "3 h ago", "2 days ago"; "in 5 min" ahead of time; past 30 days a date."""
    seconds = int((now - at).total_seconds())
    size = abs(seconds)
    if size < 5:
        return _("just now")
    if size >= OLD_DAYS * DAY:
        return date_format(at, "j M Y")
    span = duration(size)
    return _("%(span)s ago") % {"span": span} if seconds > 0 else _("in %(span)s") % {"span": span}


def duration(seconds: float) -> str:
    """A length of time in its largest fitting unit: "40 s", "5 min", "3 h", "2 days"."""
    size = int(seconds)
    if size < MINUTE:
        return _("%(n)d s") % {"n": size}
    if size < HOUR:
        return _("%(n)d min") % {"n": size // MINUTE}
    if size < DAY:
        return _("%(n)d h") % {"n": size // HOUR}
    days = size // DAY
    return ngettext("%(n)d day", "%(n)d days", days) % {"n": days}
