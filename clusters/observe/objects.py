"""One object as an API server sent it -> what is stored about it. Pure, and no object makes it raise (T41)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from clusters.observe.slim.parts import Malformed, Raw, Slim, flag, mapping, mappings, number, text, texts
from clusters.observe.slim.workloads import is_on_its_way
from clusters.quantities import NotAQuantity

if TYPE_CHECKING:
    from clusters.observe.kinds import Kind

# PostgreSQL stores neither in text nor in jsonb what these stand for, and one of them would fail a whole batch.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_DEEPEST = 64
_BIGGEST_INTEGER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class SeenObject:
    """What a row is made of. `bad` says why an object could not be read; its slim is then {"bad": bad}.

    `on_its_way`: see `slim.workloads.is_on_its_way`; it is told and not stored.
    """

    kind: str
    namespace: str
    name: str
    uid: str = ""
    resource_version: int = 0
    generation: int = 0
    labels: dict[str, str] | None = None
    owner_kind: str = ""
    owner_name: str = ""
    owner_uid: str = ""
    slim: Slim | None = None
    on_its_way: bool = False
    bad: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.namespace, self.name


def storable(value: Any, depth: int = 0) -> Any:
    """The same JSON value without NULs and lone surrogates; what is nested too deep becomes null."""
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, dict | list) and depth >= _DEEPEST:
        return None
    if isinstance(value, dict):
        return {storable(key): storable(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item, depth + 1) for item in value]
    return value


def see(kind: Kind, raw: object) -> SeenObject | None:
    """Read one object. None when it has no name, so that there is nothing a row could be kept under."""
    try:
        metadata = mapping(raw, "metadata") if isinstance(raw, dict) else {}
        name, namespace = text(metadata, "name", limit=254), text(metadata, "namespace", limit=64)
    except Malformed:
        return None
    if not isinstance(raw, dict) or not 0 < len(name) < 254 or len(namespace) > 63:
        return None
    try:
        return _read(kind, raw, metadata, namespace, name)
    except (Malformed, NotAQuantity) as error:
        return _bad(kind, metadata, namespace, name, str(error))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        return _bad(kind, metadata, namespace, name, f"{type(error).__name__}: {error}")


def _read(kind: Kind, raw: Raw, metadata: Raw, namespace: str, name: str) -> SeenObject:
    owner = next((entry for entry in mappings(metadata, "ownerReferences") if flag(entry, "controller")), {})
    slim = kind.slim(raw)
    slim["created"] = text(metadata, "creationTimestamp", limit=40)
    if deleting := text(metadata, "deletionTimestamp", limit=40):
        slim["deleting"] = deleting
    if owner:
        slim["owner"] = {"kind": text(owner, "kind", limit=128), "name": text(owner, "name", limit=253)}
    return SeenObject(
        kind=kind.name,
        namespace=namespace,
        name=name,
        uid=text(metadata, "uid", limit=64),
        resource_version=_version(metadata),
        generation=min(number(metadata, "generation"), _BIGGEST_INTEGER),
        labels=texts(metadata, "labels"),
        owner_kind=text(owner, "kind", limit=128),
        owner_name=text(owner, "name", limit=253),
        owner_uid=text(owner, "uid", limit=64),
        slim=slim,
        on_its_way=kind.name in ("Deployment", "ReplicaSet") and is_on_its_way(raw),
    )


def _bad(kind: Kind, metadata: Raw, namespace: str, name: str, why: str) -> SeenObject:
    why = _UNSTORABLE.sub("\ufffd", why)[:300]
    uid = metadata.get("uid")
    return SeenObject(
        kind=kind.name,
        namespace=namespace,
        name=name,
        uid=uid[:64] if isinstance(uid, str) else "",
        resource_version=_version(metadata),
        labels={},
        slim={"bad": why},
        bad=why,
    )


def _version(metadata: Raw) -> int:
    """The resourceVersion as a number, 0 when it is not one (the API promises decimal digits since 1.35)."""
    value = metadata.get("resourceVersion")
    if not isinstance(value, str) or not value.isascii() or not value.isdigit() or len(value) > 19:
        return 0
    return min(int(value), _BIGGEST_INTEGER)


def trimmed(kind: str, raw: Raw) -> Raw:
    """The object as it is kept whole: managedFields take up to half of it and only a Deployment's are read."""
    if kind == "Deployment" or "managedFields" not in (metadata := mapping(raw, "metadata")):
        return raw
    return raw | {"metadata": {key: value for key, value in metadata.items() if key != "managedFields"}}
