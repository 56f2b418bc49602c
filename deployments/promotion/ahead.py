"""Which services are ahead somewhere: what runs in one environment is not what runs in the next."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KeyTransform

from clusters.models import Observation
from deployments.promotion.images import same_image
from services.models import Service, Target
from services.queries.rows import image_seen


def with_images(targets: QuerySet[Target]) -> QuerySet[Any]:
    """The targets with `images`: what their workloads were last seen to run, by container; None where they were not."""
    seen = Observation.objects.filter(
        kind=Target.Kind.DEPLOYMENT,
        cluster=OuterRef("cluster"),
        namespace=OuterRef("namespace"),
        name=OuterRef("workload"),
    )
    return targets.annotate(images=Subquery(seen.values(images=KeyTransform("images", "slim"))[:1]))


def images_seen(target: Target) -> dict[str, str]:
    """What `with_images` found."""
    found = getattr(target, "images", None)
    return {str(name): str(image) for name, image in found.items()} if isinstance(found, dict) else {}


def ahead_of_something(services: QuerySet[Service]) -> list[UUID]:
    """The ids of those services, in no order. One query, however many services there are.

    Whether two images are the same can't be asked of a database: a tag and a digest may name one.
    """
    rows = (
        with_images(Target.objects.filter(service__in=services.order_by().values("pk")))
        .order_by("service", "environment__order", "environment__name")
        .values_list("service", "container", "images")
    )
    found: list[UUID] = []
    before: tuple[UUID, str] | None = None
    for service, container, images in rows:
        image = image_seen({"images": images}, container)
        if before and before[0] == service and image and before[1] and not same_image(before[1], image):
            found.append(service)
        before = (service, image)
    return list(dict.fromkeys(found))
