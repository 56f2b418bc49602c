"""The offline bundles that can be offered, and what a new install begins with."""

from __future__ import annotations

from typing import Any

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
    """The config of a new draft: the version of the only bundle there is, else the usual one."""
    bundles = bundles_there()
    if len(bundles) == 1:
        return {"kubernetes_version": bundles[0].kubernetes_version, "bundle": bundles[0].name}
    return {"kubernetes_version": USUAL_VERSION}
