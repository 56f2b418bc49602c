"""Who reaches the pages of installs, and which install a page is about."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404

from accounts.decorators import SignedInRequest, signed_in
from accounts.permissions import require
from installs.wizard import installs_on_their_way

P = ParamSpec("P")


def for_admins(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Refuse everybody else with the words of `install.view`, whether or not there is such an install."""

    @signed_in
    @wraps(view)
    def guarded(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        require(request.user, "install.view", None)
        return view(request, *args, **kwargs)

    return guarded


def install_at(request: SignedInRequest, pk: UUID) -> Any:
    """The install of a page, with what `installs.wizard` wants to know of it. Raises Http404."""
    return get_object_or_404(installs_on_their_way(request.user), pk=pk)
