"""Collects what is wrong with a wish, so that a person is told everything at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from web.errors import Invalid
from web.names import dns_label

Check = Callable[[str, Any], Any]
"""Takes the pointer and the value of one field and answers the accepted value, or notes why there is none."""

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class Findings:
    """A list of `{pointer, code, detail}` with the checks that every field shares.

    Each check returns the accepted value, or an empty one after noting why it was not accepted.
    """

    def __init__(self) -> None:
        self.errors: list[dict[str, str]] = []

    def add(self, pointer: str, code: str, detail: str) -> None:
        self.errors.append({"pointer": pointer, "code": code, "detail": detail})

    def raise_if_any(self) -> None:
        """Raises Invalid with all findings; its text is the first of them."""
        if self.errors:
            raise Invalid(self.errors[0]["detail"], errors=self.errors)

    def name(self, pointer: str, value: Any, *, required: bool = True) -> str:
        """A DNS label of 1 to 63 characters."""
        if not isinstance(value, str):
            self.add(pointer, "type", _("This has to be a text."))
            return ""
        if not value:
            if required:
                self.add(pointer, "required", _("A name is needed."))
            return ""
        reason = why_not_a_name(value)
        if reason:
            self.add(pointer, "name", reason)
            return ""
        return value

    def text(self, pointer: str, value: Any, *, longest: int) -> str:
        """Free text of at most `longest` characters; tabs and line ends are its only control characters."""
        if not isinstance(value, str):
            self.add(pointer, "type", _("This has to be a text."))
            return ""
        if CONTROL.search(value):
            self.add(pointer, "control_character", _("This holds a character that cannot be shown."))
            return ""
        if len(value) > longest:
            self.add(
                pointer,
                "too_long",
                _("This has %(length)d characters; at most %(longest)d fit.")
                % {"length": len(value), "longest": longest},
            )
            return ""
        return value.strip()

    def choice(self, pointer: str, value: Any, allowed: list[str]) -> str:
        if isinstance(value, str) and value in allowed:
            return value
        self.add(pointer, "choice", _("Choose one of: %(allowed)s.") % {"allowed": ", ".join(allowed)})
        return ""

    def whole_number(self, pointer: str, value: Any, *, least: int, most: int) -> int:
        """An integer from `least` to `most`; True and 1.0 are none."""
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.add(
                pointer,
                "number",
                _("This has to be a whole number from %(least)d to %(most)d.") % {"least": least, "most": most},
            )
            return least
        return value

    def items(self, pointer: str, value: Any, *, most: int) -> list[Any]:
        """A list of at most `most` entries, of any type."""
        if not isinstance(value, list | tuple):
            self.add(pointer, "type", _("This has to be a list."))
            return []
        if len(value) > most:
            self.add(
                pointer,
                "too_many",
                _("This has %(length)d entries; at most %(most)d are accepted.") % {"length": len(value), "most": most},
            )
            return []
        return list(value)

    def members(self, pointer: str, value: Any, *, known: set[str]) -> dict[str, Any]:
        """An object with none but the known keys."""
        if not isinstance(value, dict):
            self.add(pointer, "type", _("This has to be an object."))
            return {}
        for key in value:
            if key not in known:
                self.add(f"{pointer}/{escaped(key)}", "unknown_field", _("There is no such field."))
        return {key: item for key, item in value.items() if key in known}


def why_not_a_name(value: str) -> str:
    """What keeps the text from being a name, in words; "" when it is one."""
    try:
        dns_label(value)
    except ValidationError as error:
        rule = str(error.messages[0])
    else:
        return ""
    shown = value if len(value) <= 80 else f"{value[:77]}..."
    if len(value) > 63:
        reason = _("“%(name)s” has %(length)d characters.") % {"name": shown, "length": len(value)}
    elif any(sign.isspace() for sign in value):
        reason = _("“%(name)s” holds a space.") % {"name": shown}
    elif not value.isascii():
        reason = _("“%(name)s” holds letters beyond a to z.") % {"name": shown}
    elif value != value.lower():
        reason = _("“%(name)s” holds capital letters.") % {"name": shown}
    else:
        reason = _("“%(name)s” cannot be a name.") % {"name": shown}
    return f"{reason} {rule}"


def escaped(key: object) -> str:
    """A key as one step of a JSON pointer (RFC 6901)."""
    return str(key).replace("~", "~0").replace("/", "~1")
