"""Reading JSON bodies: nothing but JSON, not too large, not too deep."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import orjson
from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser

from web.errors import TooLarge

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BODY_BYTES = 1024 * 1024
MAX_DEPTH = 32


class StrictJSONParser(BaseParser):
    """Parses `application/json`. Raises TooLarge past 1 MiB and ParseError for what is no JSON or nested too deep."""

    media_type = "application/json"

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        raw = stream.read(MAX_BODY_BYTES + 1)
        if len(raw) > MAX_BODY_BYTES:
            raise TooLarge(_("A body may have at most 1 MiB."))
        if is_too_deep(raw):
            raise ParseError(_("JSON may be nested at most %(depth)d deep.") % {"depth": MAX_DEPTH})
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise ParseError(
                _("The body is no valid JSON: %(why)s (line %(line)d, column %(column)d).")
                % {"why": error.msg, "line": error.lineno, "column": error.colno}
            ) from None


def is_too_deep(raw: bytes) -> bool:
    """Whether brackets outside of strings nest deeper than MAX_DEPTH; found before anything is built from them."""
    if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:
        return False
    depth = 0
    in_string = escaped = False
    for byte in raw:
        if in_string:
            if escaped:
                escaped = False
            elif byte == 0x5C:
                escaped = True
            elif byte == 0x22:
                in_string = False
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif byte in b"]}":
            depth -= 1
    return False
