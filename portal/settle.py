"""What a long-running process does once everything is loaded."""

from __future__ import annotations

import gc

from django.urls import get_resolver


def settle(*, pages: bool) -> None:
    """Take what was loaded out of the garbage collector's sight, which would walk it in the middle of requests.

    A full collection of a loaded portal takes some 150 ms, and none of what it walks is ever garbage. With `pages`
    the table of addresses, which imports every page, is loaded first: else the first visitor would wait for that.
    """
    if pages:
        _load(get_resolver())
    gc.collect()
    gc.freeze()


def _load(resolver: object) -> None:
    for each in getattr(resolver, "url_patterns", ()):
        _load(each)
