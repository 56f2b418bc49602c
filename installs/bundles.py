"""The offline bundles that can be offered, and what a new install begins with."""

from __future__ import annotations

from typing import Any

from installs import grammar
from installs.bundle import Bundle, BundleRefused, bundle_names, open_bundle

# What a form offers where no bundle says anything else.
USUAL_VERSION = "v1.37.2"


def bundles_there() -> list[Bundle]:
    """Those whose manifest can be read. The others are refused with the reason when the API names them."""
    found = []
    for name in bundle_names():
        try:
            found.append(open_bundle(name))
        except BundleRefused:
            continue
    return found


def first_config() -> dict[str, Any]:
    """The config of a new draft: the newest bundle and its version, else the usual one."""
    newest = max(bundles_there(), key=_numbers, default=None)
    if newest is None:
        return {"kubernetes_version": USUAL_VERSION}
    return {"kubernetes_version": newest.kubernetes_version, "bundle": newest.name}


def next_bundle(version: str) -> Bundle | None:
    """The newest bundle that a cluster of a version may be upgraded to: one minor ahead at most."""
    now = grammar.numbers(version)
    fitting = [bundle for bundle in bundles_there() if now < _numbers(bundle) < (now[0], now[1] + 2, 0)]
    return max(fitting, key=_numbers, default=None)


def _numbers(bundle: Bundle) -> tuple[int, int, int]:
    return grammar.numbers(bundle.kubernetes_version)
