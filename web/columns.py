"""Which columns of a list a person wants to see: from the address, else as this browser chose last, else all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

PARAMETER = "columns"
YEAR_SECONDS = 365 * 86400


@dataclass(frozen=True)
class Columns:
    """The columns of one list. A template asks `{% if columns.shown.owner %}`; the first column is always there."""

    of: str
    labels: Mapping[str, str | Promise]
    chosen: frozenset[str]
    is_new: bool

    @property
    def shown(self) -> dict[str, bool]:
        return {key: key in self.chosen for key in self.labels}

    @property
    def choices(self) -> list[tuple[str, str | Promise, bool]]:
        """Key, label and whether it is shown, for the chooser."""
        return [(key, label, key in self.chosen) for key, label in self.labels.items()]

    def remember(self, response: HttpResponse) -> HttpResponse:
        """Keep a choice that came with the address in a cookie of this list."""
        if self.is_new:
            response.set_cookie(
                _cookie(self.of),
                ".".join(key for key in self.labels if key in self.chosen) or "-",
                max_age=YEAR_SECONDS,
                httponly=True,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        return response


def columns_of(request: HttpRequest, of: str, labels: Mapping[str, str | Promise]) -> Columns:
    """The choice for the list named `of`, whose columns that can be hidden are `labels`. Unknown names are ignored."""
    in_address = PARAMETER in request.GET
    kept = request.COOKIES.get(_cookie(of), "")
    wanted = set(request.GET.getlist(PARAMETER)) if in_address else set(kept.split(".")) if kept else set(labels)
    return Columns(of, labels, frozenset(wanted & set(labels)), in_address)


def _cookie(of: str) -> str:
    return f"columns-{of}"
