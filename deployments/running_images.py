"""Which images a workload runs, by digest where its pods report one. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deployments.engine.json import Json
from deployments.engine.workload import labels_of, template_of
from services.workload import main_container

if TYPE_CHECKING:
    from services.models import Target

DIGEST = "@sha256:"


def images_to_promote(
    deployment: Json, pods: Iterable[Json], container: str, template_to: Json, target: Target
) -> dict[str, str]:
    """The image for each container of the other workload: of the service's own container, and of those that have the
    same name in both. {} when no pod of the workload is ready.

    `container` is the service's own in the workload that it comes from ("": its main one), `template_to` the pod
    template of `target`'s workload.
    """
    template = template_of(deployment)
    ready = [pod for pod in pods if _runs(pod, deployment)]
    if not ready:
        return {}
    here, there = _by_name(template), _by_name(template_to)
    mine = main_container(list(here.values()), container, _annotations(template))
    theirs = main_container(list(there.values()), target.container, _annotations(template_to))
    images = {name: name for name in here if name in there and name not in (mine, theirs)}
    wanted = {**images, **({theirs: mine} if mine and theirs else {})}
    return {to: _with_digest(here[name]["image"], name, ready) for to, name in wanted.items()}


def _runs(pod: Json, deployment: Json) -> bool:
    """Ready, not going, and of the template that the Deployment has now."""
    selector = ((deployment["spec"].get("selector") or {}).get("matchLabels")) or {}
    if not selector or not selector.items() <= labels_of(pod).items() or pod["metadata"].get("deletionTimestamp"):
        return False
    images = {one["name"]: one.get("image") for one in (pod.get("spec") or {}).get("containers") or []}
    wanted = {one["name"]: one.get("image") for one in (template_of(deployment).get("spec") or {})["containers"]}
    conditions = (pod.get("status") or {}).get("conditions") or []
    is_ready = any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions)
    return is_ready and wanted.items() <= images.items()


def _with_digest(image: str, container: str, pods: list[Json]) -> str:
    """The image by the digest that every ready pod reports; as it is named where they report none, or several."""
    if DIGEST in image:
        return image
    found = set()
    for pod in pods:
        for status in (pod.get("status") or {}).get("containerStatuses") or []:
            if status.get("name") == container:
                found.add(str(status.get("imageID") or "").rpartition(DIGEST)[2])
    digest = found.pop() if len(found) == 1 else ""
    is_digest = len(digest) == 64 and all(one in "0123456789abcdef" for one in digest)
    return f"{image}{DIGEST}{digest}" if is_digest else image


def _by_name(template: Json) -> dict[str, Json]:
    return {one["name"]: one for one in (template.get("spec") or {}).get("containers") or []}


def _annotations(template: Json) -> dict[str, str]:
    annotations: dict[str, str] = (template.get("metadata") or {}).get("annotations") or {}
    return annotations
