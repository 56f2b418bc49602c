"""Live Deployments, read by their labels: several of one name are one service in several environments. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from services.images import version_of
from services.importing.entries import Entry, Found, Place, Unusable
from services.rules.findings import escaped
from services.rules.service import checked_service
from services.workload import (
    NAME_LABEL,
    SYSTEM_LABEL,
    TEAM_LABEL,
    VERSION_LABEL,
    containers_of,
    main_container,
    pod_template,
)
from web.errors import Invalid

DEPENDS_ON = "slipway.dev/depends-on"
MOST_DEPENDENCIES = 200


@dataclass(frozen=True)
class LiveWorkload:
    """What an import needs to know of a Deployment. `images` is by container; `main` is the service's container."""

    namespace: str
    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    main: str = ""


def workload_in(manifest: Mapping[str, Any]) -> LiveWorkload:
    """From the Deployment as its API server sent it."""
    metadata: Mapping[str, Any] = manifest.get("metadata") or {}
    containers = containers_of(manifest)
    annotations = (pod_template(manifest).get("metadata") or {}).get("annotations") or {}
    return LiveWorkload(
        namespace=str(metadata.get("namespace", "")),
        name=str(metadata.get("name", "")),
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        images={str(item.get("name", "")): str(item.get("image", "")) for item in containers},
        main=main_container(containers, "", annotations),
    )


def found_in_labels(workloads: list[LiveWorkload]) -> Found:
    """The services that the Deployments carry. The first Deployment of a name gives owner, system and dependencies."""
    entries: dict[str, Entry] = {}
    invalid: list[Unusable] = []
    for index, workload in enumerate(workloads):
        entry, error = _read(index, workload)
        if error is not None:
            invalid.append(error)
        elif entry is not None and entry.name in entries:
            entries[entry.name].places.extend(entry.places)
        elif entry is not None:
            entries[entry.name] = entry
    return Found(list(entries.values()), invalid)


def _read(index: int, workload: LiveWorkload) -> tuple[Entry | None, Unusable | None]:
    shown = f"{workload.namespace}/{workload.name}"
    name = workload.labels.get(NAME_LABEL, "")
    if not name:
        detail = _("The Deployment has no label %(label)s that names its service.") % {"label": NAME_LABEL}
        return None, Unusable(index, _label(NAME_LABEL), detail, shown)
    given: dict[str, Any] = {"name": name}
    if system := workload.labels.get(SYSTEM_LABEL, ""):
        given["system"] = system
    if named := workload.annotations.get(DEPENDS_ON, ""):
        given["depends_on"] = [word for word in re.split(r"[,\s]+", named) if word][:MOST_DEPENDENCIES]
    try:
        clean = checked_service(given)
    except Invalid as refusal:
        pointer = {
            "name": _label(NAME_LABEL),
            "system": _label(SYSTEM_LABEL),
            "depends_on": f"/metadata/annotations/{escaped(DEPENDS_ON)}",
        }[refusal.errors[0]["pointer"].split("/")[1]]
        return None, Unusable(index, pointer, refusal.detail, shown)
    container, image = _main(workload)
    place = Place(index, workload.namespace, workload.name, container, _version(workload, image))
    return Entry(index, clean.pop("name"), workload.labels.get(TEAM_LABEL, ""), clean, [place]), None


def _main(workload: LiveWorkload) -> tuple[str, str]:
    """The service's container and its image. Slim rows do not tell which is first: there the name has to tell."""
    named = workload.labels.get(NAME_LABEL, "")
    for candidate in (workload.main, named, *workload.images):
        if candidate in workload.images:
            return candidate, workload.images[candidate]
    return "", ""


def _version(workload: LiveWorkload, image: str) -> str:
    return workload.labels.get(VERSION_LABEL, "") or (version_of(image) if image else "")


def _label(name: str) -> str:
    return f"/metadata/labels/{escaped(name)}"
