"""The base of every error a person or a machine is told about. Apps subclass these in their own `errors.py`."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class SlipwayError(Exception):
    """Something was refused or could not be done, and the caller can be told why.

    `detail` says what failed and why; `next` what to do about it; other keywords become members of the
    problem document (`errors`, `blocked_by`, `step` ...).
    """

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 400
    title: ClassVar[str | Promise] = _("The request was refused")

    def __init__(self, detail: str, *, next: str = "", **fields: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.next = next
        self.fields = fields


class BadParameter(SlipwayError):
    """A query parameter is unknown or has a value that cannot be read."""

    code = "bad_parameter"
    title = _("A parameter cannot be used")


class NotSignedIn(SlipwayError):
    """No proof of identity came with the request."""

    code = "not_signed_in"
    status = 401
    title = _("Sign in first")


class NotPermitted(SlipwayError):
    """The caller lacks a permission; the problem names it and who can grant it."""

    code = "not_permitted"
    status = 403
    title = _("You may not do this")

    def __init__(self, detail: str, *, permission: str = "", granted_by: str = "", next: str = "", **more: Any) -> None:
        super().__init__(detail, next=next, permission=permission, granted_by=granted_by, **more)
        self.permission = permission
        self.granted_by = granted_by


class NotFound(SlipwayError):
    """There is no such thing, or the caller may not know that there is."""

    code = "not_found"
    status = 404
    title = _("Not found")


class Conflict(SlipwayError):
    """The state of things does not allow it now."""

    code = "conflict"
    status = 409
    title = _("This conflicts with the present state")


class PreconditionFailed(SlipwayError):
    """The resource was edited since the caller read it."""

    code = "precondition_failed"
    status = 412
    title = _("Somebody else has changed this")


class TooLarge(SlipwayError):
    """The body is larger than what is accepted."""

    code = "too_large"
    status = 413
    title = _("The body is too large")


class Invalid(SlipwayError):
    """Values were understood but cannot be accepted; `errors` lists `{pointer, code, detail}`."""

    code = "invalid"
    status = 422
    title = _("Some values cannot be accepted")

    def __init__(self, detail: str, *, errors: list[dict[str, str]] | None = None, next: str = "", **more: Any) -> None:
        self.errors = errors or []
        super().__init__(detail, next=next, errors=self.errors, **more)

    @classmethod
    def at(cls, pointer: str, code: str, detail: str) -> Invalid:
        """One bad value: `pointer` is a JSON pointer into the body, as `/name`."""
        return cls(detail, errors=[{"pointer": pointer, "code": code, "detail": detail}])


class TooManyRequests(SlipwayError):
    """The caller has used up its share; `retry_after` is in seconds."""

    code = "too_many_requests"
    status = 429
    title = _("Too many requests")

    def __init__(self, detail: str, *, retry_after: int = 60, next: str = "", **more: Any) -> None:
        super().__init__(detail, next=next, **more)
        self.retry_after = retry_after
