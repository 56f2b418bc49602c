"""Errors as answers: problem documents (RFC 9457) for the API, a page or its fragment for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from django.core.exceptions import BadRequest, PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.exceptions import ValidationError as ModelInvalid
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from web import request_id
from web.errors import BadParameter, Invalid, NotFound, NotPermitted, SlipwayError, TooLarge, TooManyRequests

if TYPE_CHECKING:
    from collections.abc import Callable

log = structlog.get_logger(__name__)

API_PREFIX = "/api/"
CONTENT_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:slipway:problem:"


def document(error: SlipwayError, path: str) -> dict[str, Any]:
    """The members of the problem document for one error at one address."""
    members: dict[str, Any] = {
        "type": f"{TYPE_PREFIX}{error.code}",
        "title": str(error.title),
        "status": error.status,
        "detail": str(error.detail),
        "instance": path,
        "request_id": request_id.current(),
    }
    if error.next:
        members["next"] = str(error.next)
    return members | {name: value for name, value in error.fields.items() if value not in (None, "", [])}


def answer_error(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every error of the API as a problem document; unknown ones stay with Django (500)."""
    request: HttpRequest = context["request"]._request
    known = as_slipway_error(error)
    if known is None:
        return None
    set_rollback()
    return Response(
        document(known, request.path), status=known.status, headers=headers(known, error), content_type=CONTENT_TYPE
    )


def headers(known: SlipwayError, error: Exception) -> dict[str, str]:
    """What the status of an error obliges the answer to say."""
    answer: dict[str, str] = {}
    if header := getattr(error, "auth_header", ""):
        answer["WWW-Authenticate"] = header
    if isinstance(known, TooManyRequests):
        answer["Retry-After"] = str(known.retry_after)
    return answer


def as_slipway_error(error: Exception) -> SlipwayError | None:
    """The same error in our own words, None when it is none that a caller could have caused."""
    match error:
        case SlipwayError():
            return error
        case exceptions.Throttled():
            seconds = int(getattr(error, "wait", None) or 60)
            return TooManyRequests(
                _("Too many calls in this minute. Try again in %(seconds)d seconds.") % {"seconds": seconds},
                retry_after=seconds,
            )
        case exceptions.ValidationError():
            return Invalid(_("Some values cannot be accepted."), errors=list(field_errors(error.detail)))
        case ModelInvalid():
            return Invalid(_("Some values cannot be accepted."), errors=model_errors(error))
        case Http404():
            return NotFound(_("There is nothing here, or nothing that you may see."))
        case exceptions.NotFound():
            return NotFound(_("There is nothing here, or nothing that you may see."))
        case PermissionDenied():
            return NotPermitted(str(error) or _("You may not do this."))
        case RequestDataTooBig():
            return TooLarge(_("A body may have at most 1 MiB."))
        case exceptions.APIException():
            return _named_by_status(error)
        case SuspiciousOperation() | BadRequest():
            return _unreadable()
    return None


def field_errors(detail: Any, pointer: str = "") -> list[dict[str, str]]:
    """A serializer's nested errors as a flat list of `{pointer, code, detail}`."""
    if isinstance(detail, dict):
        found: list[dict[str, str]] = []
        for name, inner in detail.items():
            found += field_errors(inner, pointer if name == "non_field_errors" else f"{pointer}/{name}")
        return found
    if isinstance(detail, list):
        if all(isinstance(item, str) for item in detail):
            return [_one(pointer, item) for item in detail]
        return [entry for index, item in enumerate(detail) for entry in field_errors(item, f"{pointer}/{index}")]
    return [_one(pointer, detail)]


def model_errors(error: ModelInvalid) -> list[dict[str, str]]:
    """A model's or form's errors as a flat list of `{pointer, code, detail}`."""
    by_field = error.error_dict if hasattr(error, "error_dict") else {"__all__": error.error_list}
    return [
        {
            "pointer": "" if name == "__all__" else f"/{name}",
            "code": str(single.code or "invalid"),
            "detail": " ".join(single.messages),
        }
        for name, singles in by_field.items()
        for single in singles
    ]


def _one(pointer: str, item: Any) -> dict[str, str]:
    return {"pointer": pointer, "code": str(getattr(item, "code", "invalid")), "detail": str(item)}


def _with_status(code: int, name: str, heading: str, detail: str) -> SlipwayError:
    shaped = SlipwayError(detail)
    shaped.status, shaped.code, shaped.title = code, name, heading  # type: ignore[misc]
    return shaped


def _unreadable() -> SlipwayError:
    return _with_status(400, "bad_request", _("The request cannot be read"), _("The request cannot be read."))


def _named_by_status(error: exceptions.APIException) -> SlipwayError:
    headings = {
        400: ("bad_request", _("The request cannot be read")),
        401: ("not_signed_in", _("Sign in first")),
        403: ("not_permitted", _("You may not do this")),
        405: ("method_not_allowed", _("This address does not take that method")),
        406: ("not_acceptable", _("This address does not answer in that format")),
        415: ("unsupported_media_type", _("This address does not read that format")),
    }
    name, heading = headings.get(error.status_code, ("refused", _("The request was refused")))
    return _with_status(error.status_code, name, heading, str(error.detail))


class ProblemMiddleware:
    """Answers what views raise: as a document under /api/, as a page or its fragment elsewhere."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # PostgreSQL takes no NUL in any text, and no name or search of ours holds one.
        if "%00" in request.META.get("QUERY_STRING", ""):
            return answer(request, BadParameter(_("A parameter of the address holds a NUL character.")))
        if "\0" in request.path:
            return answer(request, _unreadable())
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        known = as_slipway_error(error)
        return answer(request, known) if known else None


def answer(request: HttpRequest, error: SlipwayError) -> HttpResponse:
    """One error as the kind of answer that this request can read."""
    if request.path.startswith(API_PREFIX):
        response: HttpResponse = JsonResponse(
            document(error, request.path), status=error.status, content_type=CONTENT_TYPE
        )
    elif not hasattr(request, "user"):
        # Refused before anybody was looked up (a foreign Host header, say): no page with a frame can be made.
        response = HttpResponse(f"{error.title}\n", status=error.status, content_type="text/plain; charset=utf-8")
    else:
        template = "problem.html#problem" if getattr(request, "htmx", False) else "problem.html"
        # The rail counts what waits for a person; who is not signed in gets the page without it.
        frame = "base.html" if request.user.is_authenticated else "bare.html"
        shown = {"problem": document(error, request.path), "frame_template": frame}
        response = HttpResponse(render_to_string(template, shown, request), status=error.status)
    for name, value in headers(error, error).items():
        response[name] = value
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return answer(request, NotFound(_("There is nothing here, or nothing that you may see.")))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400."""
    return answer(request, _unreadable())


def denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return answer(request, NotPermitted(_("You may not do this.")))


def crashed(request: HttpRequest) -> HttpResponse:
    """handler500: says nothing of the cause, which is in the log under the request's id."""
    return answer(
        request,
        _with_status(
            500,
            "internal_error",
            _("Something went wrong here"),
            _("The portal hit an error of its own. Its log tells more: look for %(id)s.")
            % {"id": request_id.current()},
        ),
    )


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW."""
    return answer(
        request,
        NotPermitted(
            _("The form's proof of origin is missing or too old."),
            next=_("Load the page again and repeat what you did."),
        ),
    )
