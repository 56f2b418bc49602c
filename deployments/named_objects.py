"""The ConfigMaps, Secrets, PersistentVolumeClaims and the ServiceAccount that a pod template names."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping

from clusters.connection import connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from deployments.engine.json import Json
from services.models import Target

PLURALS = {
    "ConfigMap": "configmaps",
    "Secret": "secrets",
    "PersistentVolumeClaim": "persistentvolumeclaims",
    "ServiceAccount": "serviceaccounts",
}


def named_objects(template: Json) -> set[tuple[str, str]]:
    """Kind and name of everything that the Pod cannot start without; what is marked optional is left out."""
    return set(_named(template.get("spec") or {}))


def _named(spec: Json) -> Iterator[tuple[str, str]]:
    if spec.get("serviceAccountName") not in (None, "", "default"):
        yield "ServiceAccount", spec["serviceAccountName"]
    for volume in spec.get("volumes") or []:
        yield from _of_volume(volume)
    for container in [*(spec.get("initContainers") or []), *(spec.get("containers") or [])]:
        for source in container.get("envFrom") or []:
            yield from _reference(source.get("configMapRef"), "ConfigMap")
            yield from _reference(source.get("secretRef"), "Secret")
        for variable in container.get("env") or []:
            source = variable.get("valueFrom") or {}
            yield from _reference(source.get("configMapKeyRef"), "ConfigMap")
            yield from _reference(source.get("secretKeyRef"), "Secret")


def _of_volume(volume: Json) -> Iterator[tuple[str, str]]:
    yield from _reference(volume.get("configMap"), "ConfigMap")
    secret = volume.get("secret") or {}
    if secret.get("secretName") and not secret.get("optional"):
        yield "Secret", secret["secretName"]
    claim = volume.get("persistentVolumeClaim") or {}
    if claim.get("claimName"):
        yield "PersistentVolumeClaim", claim["claimName"]
    for source in (volume.get("projected") or {}).get("sources") or []:
        yield from _reference(source.get("configMap"), "ConfigMap")
        yield from _reference(source.get("secret"), "Secret")


def _reference(reference: Json | None, kind: str) -> Iterator[tuple[str, str]]:
    if reference and reference.get("name") and not reference.get("optional"):
        yield kind, reference["name"]


def missing_objects(target: Target, template: Json) -> list[tuple[str, str]]:
    """Those of the named objects that the cluster says it does not have. What may not be read is not called missing.

    Raises ClusterUnreachable.
    """
    return [named for named, found in _looked_up(target, template) if found is None]


def contents_of(target: Target, template: Json) -> dict[str, str]:
    """The SHA-256 of what each named ConfigMap holds, under `ConfigMap/<name>`: a template alone does not tell what
    ran. Secrets are left out, because Slipway does not read them. A cluster that does not answer costs the hashes."""
    try:
        found = _looked_up(target, template, kinds=("ConfigMap",))
    except ClusterUnreachable:
        return {}
    return {f"{kind}/{name}": _hash(obj) for (kind, name), obj in found if obj is not None}


def changed_objects(target: Target, template: Json, contents: Mapping[str, str]) -> list[str]:
    """The names of those objects that hold something else now than when `contents` was taken, as `ConfigMap web`."""
    now = contents_of(target, template)
    return [named.replace("/", " ") for named, was in sorted(contents.items()) if now.get(named, was) != was]


def _looked_up(
    target: Target, template: Json, kinds: Iterable[str] = PLURALS
) -> list[tuple[tuple[str, str], Json | None]]:
    """Each named object that may be read, None where the cluster has none."""
    wanted = [named for named in sorted(named_objects(template)) if named[0] in kinds]
    door = connect(target.cluster) if wanted else None
    found: list[tuple[tuple[str, str], Json | None]] = []
    for kind, name in wanted:
        if door is None:
            break
        try:
            found.append(((kind, name), door.get(f"{paths.namespace(target.namespace)}/{PLURALS[kind]}/{name}")))
        except ApiRefused as error:
            if error.is_not_found:
                found.append(((kind, name), None))
    return found


def _hash(obj: Json) -> str:
    held = {"data": obj.get("data") or {}, "binaryData": obj.get("binaryData") or {}}
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()
