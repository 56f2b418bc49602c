"""What concerns the ways in is changed by who has just shown again who they are: a session left open is not enough."""

from __future__ import annotations

import time
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec
from urllib.parse import urlencode

from django.urls import reverse

from accounts.decorators import SignedInRequest, signed_in
from web.fragments import see_other

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

LASTS_SECONDS = 300
_KEY = "confirmed_until"

P = ParamSpec("P")


def note(request: HttpRequest) -> None:
    """The person has just proved who they are."""
    request.session[_KEY] = time.time() + LASTS_SECONDS


def is_fresh(request: HttpRequest) -> bool:
    """Whether that was within the last five minutes."""
    until: float = request.session.get(_KEY, 0)
    return until > time.time()


def confirmed(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """`signed_in`, and proved again just now: else asked to, and led back to the page of one's ways in."""

    @signed_in
    @wraps(view)
    def guarded(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if is_fresh(request):
            return view(request, *args, **kwargs)
        return see_other(f"{reverse('confirm_identity')}?{urlencode({'next': reverse('security')})}")

    return guarded
