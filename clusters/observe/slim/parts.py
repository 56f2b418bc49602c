"""Reads single values out of raw Kubernetes objects, and says which field is wrong when one is not as the API promises.

A missing or null field is the Kubernetes way of saying "empty" and is read as such; one of another type is `Malformed`.
"""

from typing import Any

_TYPE_NAMES = {
    dict: "an object",
    list: "a list",
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
}

Raw = dict[str, Any]
Slim = dict[str, Any]

TEXT_LIMIT = 2048


class Malformed(ValueError):
    """A field of an object does not have the type that the Kubernetes API gives it."""


def _wrong(key: str, wanted: str, value: object) -> Malformed:
    return Malformed(f"{key} should be {wanted}, but is {_TYPE_NAMES.get(type(value), type(value).__name__)}")


def mapping(parent: Raw, key: str) -> Raw:
    """The object at `key`, empty when absent. Raises Malformed."""
    value = parent.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(key, "an object", value)
    return value


def mappings(parent: Raw, key: str) -> list[Raw]:
    """The list of objects at `key`, empty when absent. Raises Malformed."""
    value = parent.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(key, "a list", value)
    for item in value:
        if not isinstance(item, dict):
            raise _wrong(f"{key}[]", "an object", item)
    return value


def text(parent: Raw, key: str, *, limit: int = TEXT_LIMIT) -> str:
    """The string at `key`, cut to `limit` characters, "" when absent. Raises Malformed."""
    value = parent.get(key)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(key, "a string", value)
    return value[:limit]


def number(parent: Raw, key: str, default: int = 0) -> int:
    """The whole number at `key`, `default` when absent. Raises Malformed."""
    value = parent.get(key)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(key, "a whole number", value)
    return value


def flag(parent: Raw, key: str) -> bool:
    """The boolean at `key`, False when absent. Raises Malformed."""
    value = parent.get(key)
    if value is None:
        return False
    if not isinstance(value, bool):
        raise _wrong(key, "a boolean", value)
    return value


def texts(parent: Raw, key: str) -> dict[str, str]:
    """The map of strings at `key` (labels, selectors), empty when absent. Raises Malformed."""
    found = mapping(parent, key)
    for name, value in found.items():
        if not isinstance(value, str):
            raise _wrong(f"{key}.{name}"[:200], "a string", value)
    return found


def conditions(status: Raw) -> dict[str, Slim]:
    """`status.conditions` by type: {"Ready": {"status", "reason", "message", "at"}}. Raises Malformed."""
    return {
        text(condition, "type", limit=128): {
            "status": text(condition, "status", limit=32),
            "reason": text(condition, "reason", limit=256),
            "message": text(condition, "message"),
            "at": text(condition, "lastTransitionTime", limit=40),
        }
        for condition in mappings(status, "conditions")
    }


def images(template_spec: Raw) -> dict[str, str]:
    """{container name: image} of a pod spec, init containers left out. Raises Malformed."""
    return {text(container, "name"): text(container, "image") for container in mappings(template_spec, "containers")}


def own_annotations(metadata: Raw) -> dict[str, str]:
    """The annotations that speak to Slipway (`slipway.dev/...`), each cut to TEXT_LIMIT. Raises Malformed."""
    return {
        key: value[:TEXT_LIMIT]
        for key, value in texts(metadata, "annotations").items()
        if key.partition("/")[0] == "slipway.dev"
    }
