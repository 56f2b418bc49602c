"""Rendered manifests: cut into objects, shown without the content of Secrets, and compared. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from django.utils.translation import gettext as _

from web.diffs import DiffLine, compare
from web.redact import MASK

MAX_OBJECTS = 5_000
_MARK = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)


@dataclass(frozen=True)
class Key:
    """Which object of a cluster a manifest is about. `namespace` is "" where the manifest names none."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}" if not self.namespace else f"{self.kind}/{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Change:
    """What an operation does to one object: created, changed or removed, and the lines by which it differs."""

    key: Key
    action: str
    lines: list[DiffLine]


class BadManifest(ValueError):
    """The text is not YAML, or something in it is no object; `detail` says which."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def objects_of(manifest: str) -> list[dict[str, Any]]:
    """The objects in the manifest, those inside of a List too. Raises BadManifest."""
    found = [item for _text, document in _documents(manifest) for item in _flat(document)]
    if len(found) > MAX_OBJECTS:
        raise BadManifest(_("it holds more than %(count)d objects") % {"count": MAX_OBJECTS})
    return found


def key_of(item: dict[str, Any]) -> Key:
    """Which object it is. Raises BadManifest for one without kind or name."""
    metadata = item.get("metadata")
    about = metadata if isinstance(metadata, dict) else {}
    name, kind = about.get("name"), item.get("kind")
    if not isinstance(kind, str) or not isinstance(name, str) or not name:
        raise BadManifest(_("an object in it has no kind or no name"))
    return Key(str(item.get("apiVersion") or ""), kind, str(about.get("namespace") or ""), name)


def shown(manifest: str) -> str:
    """The manifest as Helm keeps it, letter by letter, but for Secrets: their values are masked.

    A manifest that is not YAML is not shown at all, because what in it is secret cannot be told.
    """
    try:
        documents = list(_documents(manifest))
    except BadManifest as error:
        return f"# {_('This manifest cannot be shown: %(why)s.') % {'why': error.detail}}\n"
    if not any(_holds_secret(document) for _text, document in documents):
        return manifest
    parts = [f"\n{_dumped(_masked(each))}" if _holds_secret(each) else text for text, each in documents]
    return "".join(f"---{part}" for part in parts)


def changes(before: str, after: str, namespace: str) -> list[Change]:
    """What differs between two manifests, object by object. Objects without a namespace are taken to be in `namespace`.

    Secrets are masked; a masked value that differs says so. Raises BadManifest.
    """
    old, new = _by_key(before, namespace), _by_key(after, namespace)
    found: list[Change] = []
    for key in [*new, *(key for key in old if key not in new)]:
        was, will = old.get(key), new.get(key)
        if was == will:
            continue
        action = "created" if was is None else "removed" if will is None else "changed"
        left, right = _pair(was, will)
        found.append(Change(key, action, compare(left, right)))
    return found


def _by_key(manifest: str, namespace: str) -> dict[Key, dict[str, Any]]:
    found: dict[Key, dict[str, Any]] = {}
    for item in objects_of(manifest):
        key = key_of(item)
        found[Key(key.api_version, key.kind, key.namespace or namespace, key.name)] = item
    return found


def _pair(was: dict[str, Any] | None, will: dict[str, Any] | None) -> tuple[str, str]:
    """Both sides as text. What differs in a Secret is marked on the new side, for the masks are alike."""
    left, right = _masked(was or {}), _masked(will or {})
    for part in ("data", "stringData"):
        if _holds_secret(will or {}) and was and isinstance(right.get(part), dict):
            before = was.get(part) if isinstance(was.get(part), dict) else {}
            for name, value in (will or {})[part].items():
                if name in (before or {}) and (before or {})[name] != value:
                    right[part][name] = f"{MASK} ({_('changed')})"
    return _dumped(left) if was else "", _dumped(right) if will else ""


def _documents(manifest: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each document with its text; comments alone make none."""
    for text in _cut(manifest):
        try:
            document = yaml.load(text, Loader=yaml.CSafeLoader)
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise BadManifest(_("a part of it is no valid YAML")) from error
        if document is None:
            continue
        if not isinstance(document, dict):
            raise BadManifest(_("a part of it is no object"))
        yield text, document


def _cut(manifest: str) -> list[str]:
    """The texts between the marks `---`, each with what stands on the mark's line behind it."""
    return [part for part in _MARK.split(manifest) if part.strip()]


def _flat(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    items = document.get("items")
    if str(document.get("kind") or "").endswith("List") and isinstance(items, list):
        for item in items:
            if not isinstance(item, dict):
                raise BadManifest(_("a List in it holds something that is no object"))
            yield from _flat(item)
        return
    yield document


def _holds_secret(document: dict[str, Any]) -> bool:
    return any(item.get("kind") == "Secret" for item in _flat(document))


def _masked(document: dict[str, Any]) -> dict[str, Any]:
    items = document.get("items")
    if str(document.get("kind") or "").endswith("List") and isinstance(items, list):
        return {**document, "items": [_masked(item) if isinstance(item, dict) else item for item in items]}
    if document.get("kind") != "Secret":
        return document
    hidden: dict[str, Any] = {
        part: dict.fromkeys(document[part], MASK) if isinstance(document[part], dict) else MASK
        for part in ("data", "stringData")
        if document.get(part) is not None
    }
    about = document.get("metadata")
    if isinstance(about, dict):
        kept = {name: value for name, value in about.items() if name != "managedFields"}
        if isinstance(about.get("annotations"), dict):
            # kubectl keeps the whole Secret there.
            notes = about["annotations"].items()
            kept["annotations"] = {k: v for k, v in notes if k != "kubectl.kubernetes.io/last-applied-configuration"}
        hidden["metadata"] = kept
    return {**document, **hidden}


def _dumped(item: dict[str, Any]) -> str:
    return yaml.dump(item, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=10_000)
