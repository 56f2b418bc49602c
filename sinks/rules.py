"""What may stand in an AuditSink's row."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from sinks.address import read_address
from sinks.models import AuditSink
from web.errors import Invalid
from web.outbound import AddressRefused, resolve
from web.posting import trust

FIELDS = ("name", "address", "bearer", "key", "authority", "allow_private_address", "is_active")
SECRETS = ("address", "bearer", "key")
LEAST_KEY, MOST_OF_A_SECRET, MOST_OF_AN_AUTHORITY = 16, 4000, 20_000

Add = Callable[[str, str, str], None]


def checked_sink(values: Mapping[str, Any], *, allow_private: bool) -> dict[str, Any]:
    """The given fields, cleaned, with every finding raised at once as Invalid.

    The address is resolved here: one that will not be sent anything is refused while someone looks.
    """
    errors: list[dict[str, str]] = []

    def add(pointer: str, code: str, detail: str) -> None:
        errors.append({"pointer": pointer, "code": code, "detail": detail})

    for name in values:
        if name not in FIELDS:
            add(f"/{name}", "unknown_field", _("An audit sink has no such field."))
    _texts(values, add)
    for flag in ("allow_private_address", "is_active"):
        if flag in values and not isinstance(values[flag], bool):
            add(f"/{flag}", "type", _("This is true or false."))
    if not errors and "address" in values:
        _address(values["address"], allow_private, add)
    if not errors and values.get("authority"):
        _authority(values["authority"], add)
    if errors:
        raise Invalid(errors[0]["detail"], errors=errors)
    return dict(values)


def fill(sink: AuditSink, clean: Mapping[str, Any]) -> None:
    """Put checked fields into the row; address, bearer and key go into its sealed part."""
    for name in ("name", "authority", "allow_private_address", "is_active"):
        if name in clean:
            setattr(sink, name, clean[name].strip() if isinstance(clean[name], str) else clean[name])
    kept = dict(sink.secret)
    if "address" in clean:
        place = read_address(clean["address"], allow_private=sink.allow_private_address)
        if (sink.kind, sink.host) != (place.kind, place.shown):
            # What proves us to one receiver is never sent to another.
            kept.pop("bearer", None)
        sink.kind, sink.host = place.kind, place.shown
    sink.secret = {**kept, **{name: clean[name] for name in SECRETS if name in clean}}


def _texts(values: Mapping[str, Any], add: Add) -> None:
    name = values.get("name", "x")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 80 or not name.isprintable():
        add("/name", "required", _("Give a name of 1 to 80 characters."))
    for field in ("address", "bearer", "key", "authority"):
        text = values.get(field, "")
        most = MOST_OF_AN_AUTHORITY if field == "authority" else MOST_OF_A_SECRET
        if not isinstance(text, str) or len(text) > most:
            add(f"/{field}", "type", _("This is a text of at most %(most)d characters.") % {"most": most})
        elif field == "bearer" and not (text.isascii() and text.isprintable()):
            add(f"/{field}", "characters", _("A bearer token is made of printable ASCII characters."))
        elif field == "key" and text and len(text) < LEAST_KEY:
            add(f"/{field}", "too_short", _("A key has at least %(least)d characters.") % {"least": LEAST_KEY})


def _address(address: str, allow_private: bool, add: Add) -> None:
    try:
        place = read_address(address, allow_private=allow_private)
        resolve(place.host, place.port, allow_private=allow_private)
    except AddressRefused as refusal:
        add("/address", "address", _("Nothing is sent to this address: %(why)s.") % {"why": refusal})


def _authority(text: str, add: Add) -> None:
    try:
        trust(text)
    except (ssl.SSLError, ValueError):
        add("/authority", "certificate", _("This is no certificate in PEM form (-----BEGIN CERTIFICATE-----)."))
