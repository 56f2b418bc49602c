"""Edits by people that must not overwrite each other: ETag and If-Match, mostly over an integer column `version`."""

from __future__ import annotations

import hashlib
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, cast

import orjson
from django.db.models import F
from django.utils.translation import gettext as _

from web.errors import PreconditionFailed

if TYPE_CHECKING:
    from django.db.models import Model
    from rest_framework.request import Request
    from rest_framework.response import Response


# Of what can be removed but not read by itself: no entity tag is its.
NO_TAG = ""


class Versioned(Protocol):
    """A row that counts its edits by people."""

    version: int


def etag(obj: Versioned) -> str:
    """The entity tag of a row as it was read."""
    return f'"{obj.version}"'


def content_etag(shown: Any) -> str:
    """The entity tag of what has no version: of its content as it is answered."""
    text = orjson.dumps(shown, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    return _tag_of(text)


def tag_content(given: str, response: Response) -> None:
    """Give a rendered answer the entity tag of its bytes, and empty it (304) where the caller's If-None-Match names it.

    The tag is weak, as it says nothing of edits: it is never the one for an If-Match. What a caller may not see is not
    in the bytes, so nobody is told that another's answer is still good. 80 kB take 0.05 ms.
    """
    tag = _weak(_tag_of(response.content))
    response.headers["ETag"] = tag
    if given and (given.strip() == "*" or tag in [_weak(each.strip()) for each in given.split(",")]):
        response.status_code = HTTPStatus.NOT_MODIFIED
        response.content = b""
        del response.headers["Content-Type"]


def _tag_of(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:24]}"'


def _weak(tag: str) -> str:
    return tag if tag.startswith("W/") else f"W/{tag}"


def require_match(request: Request, tag: str) -> None:
    """Raise PreconditionFailed when the caller's If-Match names other versions than this one."""
    given = request.headers.get("If-Match", "*").strip()
    if given != "*" and tag not in [each.strip().removeprefix("W/") for each in given.split(",")]:
        raise _changed()


def claim_version(obj: Model) -> None:
    """Count one edit of a row inside the transaction of the edit.

    Raises PreconditionFailed when somebody else has edited it since `obj` was read.
    """
    row = cast("Any", obj)
    rows = type(row)._default_manager.filter(pk=row.pk, version=row.version)
    if rows.update(version=F("version") + 1) != 1:
        raise _changed()
    row.version += 1


def _changed() -> PreconditionFailed:
    return PreconditionFailed(
        _("It was changed since you read it; nothing of your edit was stored."),
        next=_("Read it again, look at what changed, and repeat your edit."),
    )
