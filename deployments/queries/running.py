"""What runs where, for choosing a version: by the watcher's rows, no cluster asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from clusters.models import Observation
from deployments.models import Release, Revision
from services.images import version_of
from services.models import Target

MOST_SUGGESTED = 15


@dataclass(frozen=True)
class Running:
    """A target with the images that its workload was last seen to have. `container` is the service's own."""

    target: Target
    images: dict[str, str]
    container: str

    @property
    def image(self) -> str:
        """The image of the service's own container; "" when the workload was not seen."""
        return self.images.get(self.container, "")

    @property
    def containers(self) -> list[str]:
        """The names to choose from; before the workload was seen, only the one that the target names."""
        return list(self.images) or [name for name in (self.container,) if name]

    @property
    def version(self) -> str:
        return version_of(self.image) if self.image else ""


def running_on(targets: Sequence[Target]) -> list[Running]:
    """The targets in the same order. One query."""
    rows = Observation.objects.filter(
        kind="Deployment",
        cluster__in={target.cluster_id for target in targets},
        name__in={target.workload for target in targets},
    ).only("cluster_id", "namespace", "name", "slim")
    seen = {(row.cluster_id, row.namespace, row.name): row.slim for row in rows}
    return [_running(target, seen.get((target.cluster_id, target.namespace, target.workload))) for target in targets]


def _running(target: Target, slim: dict[str, object] | None) -> Running:
    found = slim.get("images") if slim else None
    images = {str(name): str(image) for name, image in found.items()} if isinstance(found, dict) else {}
    container = target.container if target.container in images else next(iter(images), "")
    return Running(target, images, target.container or container)


def suggested_images(target: Target, running: Sequence[Running]) -> list[str]:
    """Images that somebody may want here: what runs in the other environments, then what ran here before."""
    found = [one.image for one in running if one.image]
    container = next((one.container for one in running if one.target.pk == target.pk), target.container)
    before = Revision.objects.filter(target=target).order_by("-number").values_list("images", flat=True)[:10]
    found += [str(images.get(container, "")) for images in before]
    return list(dict.fromkeys(image for image in found if image))[:MOST_SUGGESTED]


def active_release_of(target_id: UUID) -> Release | None:
    """The release of a target that has not ended, the newest if another waits for its turn."""
    return Release.objects.active().with_names().filter(target=target_id).order_by("-created_at").first()
