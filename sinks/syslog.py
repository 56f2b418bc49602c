"""Audit entries as syslog messages (RFC 5424), and as they are framed on a stream (RFC 6587, octet counting)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson
from django.conf import settings

from audit.chain import content_of
from audit.export import PLACE, line_of

if TYPE_CHECKING:
    from audit.models import Entry

# Facility 13 (log audit), severity 5 (notice).
PRIORITY = 13 * 8 + 5
# What fits into one UDP datagram over IPv4, with room for the head.
MOST_IN_A_DATAGRAM = 60_000
_NOT_PRINTABLE = re.compile(r"[^!-~]")
_CUT = ("before", "after", "data")


def message(entry: Entry) -> bytes:
    """`<109>1 TIME HOST slipway - ACTION [meta sequenceId="N"] {JSON}`: the JSON is the line of an export."""
    return _head(entry) + line_of(entry).rstrip(b"\n")


def datagram(entry: Entry) -> bytes:
    """The same in one piece that a datagram can carry: what is too large says so and keeps its number and hash."""
    whole = message(entry)
    if len(whole) <= MOST_IN_A_DATAGRAM:
        return whole
    place = {name: getattr(entry, name) for name in PLACE}
    kept = {name: value for name, value in content_of(entry).items() if name not in _CUT}
    return _head(entry) + orjson.dumps({**place, **kept, "cut": list(_CUT)}, option=orjson.OPT_UTC_Z)


def framed(entry: Entry) -> bytes:
    """The message with its length before it, so that a line end within cannot begin another."""
    whole = message(entry)
    return b"%d %s" % (len(whole), whole)


def _head(entry: Entry) -> bytes:
    at = entry.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    host = _word(urlsplit(settings.PUBLIC_URL).hostname or "", 255)
    # RFC 5424, 7.3.1: the sequence id is counted from 1 to 2147483647 and begins again.
    sequence = ((entry.number or 1) - 1) % 2147483647 + 1
    action = _word(entry.action, 32)
    return f'<{PRIORITY}>1 {at} {host} slipway - {action} [meta sequenceId="{sequence}"] '.encode()


def _word(text: str, longest: int) -> str:
    return _NOT_PRINTABLE.sub("_", text)[:longest] or "-"
