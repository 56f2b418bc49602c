"""What may stand in a Channel's row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

from notifications.kinds import KINDS
from notifications.models import Channel
from web.errors import Invalid
from web.outbound import AddressRefused, resolve
from web.posting import read_hook

FIELDS = {"name", "kind", "events", "to", "url", "key", "allow_private_address", "is_active"}
LEAST_KEY, MOST_RECEIVERS = 16, 20


def checked_channel(values: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The given fields, cleaned, with every finding raised at once as Invalid. `kind` is that of the channel.

    A webhook's name is resolved here: an address that will not be told anything is refused while someone looks.
    """
    errors: list[dict[str, str]] = []

    def add(pointer: str, code: str, detail: str) -> None:
        errors.append({"pointer": pointer, "code": code, "detail": detail})

    for name in values:
        if name not in FIELDS:
            add(f"/{name}", "unknown_field", _("A channel has no such field."))
    if kind not in Channel.Kind.values:
        add("/kind", "choice", _("Choose one of: %(allowed)s.") % {"allowed": ", ".join(Channel.Kind.values)})
    _name(values, add)
    _events(values, add)
    for flag in ("allow_private_address", "is_active"):
        if flag in values and not isinstance(values[flag], bool):
            add(f"/{flag}", "type", _("This is true or false."))
    if kind == Channel.Kind.EMAIL:
        _receivers(values, add)
    elif "url" in values:
        _url(values, add)
    if kind == Channel.Kind.WEBHOOK and "key" in values and len(str(values["key"])) < LEAST_KEY:
        add("/key", "too_short", _("A key has at least %(least)d characters.") % {"least": LEAST_KEY})
    if errors:
        raise Invalid(errors[0]["detail"], errors=errors)
    return dict(values)


def _name(values: Mapping[str, Any], add: Any) -> None:
    name = values.get("name", "x")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 80 or not name.isprintable():
        add("/name", "required", _("Give a name of 1 to 80 characters."))


def _events(values: Mapping[str, Any], add: Any) -> None:
    events = values.get("events", [])
    if not isinstance(events, list):
        add("/events", "type", _("This has to be a list."))
        return
    for number, event in enumerate(events):
        if event not in KINDS:
            add(f"/events/{number}", "choice", _("Choose among: %(kinds)s.") % {"kinds": ", ".join(KINDS)})


def _receivers(values: Mapping[str, Any], add: Any) -> None:
    if "to" not in values:
        return
    to = values["to"]
    if not isinstance(to, list) or not 1 <= len(to) <= MOST_RECEIVERS:
        add("/to", "type", _("Give 1 to %(most)d e-mail addresses.") % {"most": MOST_RECEIVERS})
        return
    for number, address in enumerate(to):
        try:
            validate_email(address)
        except ValidationError:
            add(f"/to/{number}", "email", _("This is no e-mail address."))


def _url(values: Mapping[str, Any], add: Any) -> None:
    allow_private = values.get("allow_private_address") is True
    try:
        hook = read_hook(str(values["url"]), allow_private=allow_private)
        resolve(hook.host, hook.port, allow_private=allow_private)
    except (AddressRefused, ValueError) as refusal:
        add("/url", "address", _("This address is not told anything: %(why)s.") % {"why": refusal})
