"""The ConfigMaps, Secrets, PersistentVolumeClaims and the ServiceAccount that a pod template names."""

from __future__ import annotations

from collections.abc import Iterator

from clusters.connection import connect, paths
from clusters.errors import ApiRefused
from deployments.engine.spec import Json
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
    """Those of the named objects that the cluster says it does not have. What may not be read is not called missing:
    Slipway has no right to read Secrets unless somebody gave it."""
    door = connect(target.cluster)
    missing = []
    for kind, name in sorted(named_objects(template)):
        path = f"{paths.namespace(target.namespace)}/{PLURALS[kind]}/{name}"
        try:
            door.get(path)
        except ApiRefused as error:
            if error.is_not_found:
                missing.append((kind, name))
    return missing
