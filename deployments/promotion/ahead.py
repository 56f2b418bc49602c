"""Which services are ahead somewhere: what runs in one environment is not what runs in the next."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any
from uuid import UUID

from django.db.models import CharField, OuterRef, QuerySet, Subquery
from django.db.models.fields.json import KeyTransform
from django.db.models.functions import Cast

from clusters.images_column import TOO_LONG, images_read
from clusters.models import Observation
from deployments.promotion.images import same_image
from services.models import Service, Target
from services.queries.rows import image_seen

# Ids as the text that the database has: making a UUID of each of ten thousand would take as long as the query.
TEXT = CharField()


def with_images(targets: QuerySet[Target]) -> QuerySet[Any]:
    """The targets with `images`: what their workloads were last seen to run, by container; None where they were not."""
    seen = Observation.objects.filter(
        kind=Target.Kind.DEPLOYMENT,
        cluster=OuterRef("cluster"),
        namespace=OuterRef("namespace"),
        name=OuterRef("workload"),
    )
    return targets.annotate(images=Subquery(seen.values(seen=KeyTransform("images", "slim"))[:1]))


def images_seen(target: Target) -> dict[str, str]:
    """What `with_images` found."""
    found = getattr(target, "images", None)
    return {str(name): str(image) for name, image in found.items()} if isinstance(found, dict) else {}


def ahead_of_something(services: QuerySet[Service]) -> list[UUID]:
    """The ids of those services, in no order. One query, however many services there are, and another where a
    Deployment has more images than its column holds.

    Whether two images are the same can't be asked of a database: a tag and a digest may name one.
    """
    unlike = {service: seen for service, seen in _texts(services).items() if not _is_plainly_level(seen)}
    too_long = {service for service, seen in unlike.items() if any(text == TOO_LONG for *_, text in seen)}
    images = {
        service: [
            image_seen({"images": images_read(text)} if text else None, container) for *_, container, text in seen
        ]
        for service, seen in unlike.items()
        if service not in too_long
    }
    if too_long:
        images |= _images_of_rows(UUID(service) for service in too_long)
    return [UUID(service) for service, found in images.items() if _is_ahead(found)]


# The order and name of an environment, the container of the service, and the column of its Deployment.
Seen = tuple[int, str, str, str | None]


def _texts(services: QuerySet[Service]) -> dict[str, list[Seen]]:
    """What was seen of each service, in the order of the environments.

    By the column alone, which is read from its index: a row of an Observation is large, and there are three a service.
    """
    seen = Observation.objects.filter(
        images__isnull=False, cluster=OuterRef("cluster"), namespace=OuterRef("namespace"), name=OuterRef("workload")
    )
    targets = Target.objects.order_by()
    if services.query.has_filters():
        # Asked for all the same, it would take as long as the rest.
        targets = targets.filter(service__in=services.order_by().values("pk"))
    text = Subquery(seen.values("images")[:1])
    found: dict[str, list[Seen]] = {}
    for service, *rest in targets.values_list(
        Cast("service", TEXT), "environment__order", "environment__name", "container", text
    ):
        found.setdefault(service, []).append((*rest,))
    for each in found.values():
        each.sort()
    return found


def _is_plainly_level(seen: list[Seen]) -> bool:
    """Whether one and the same text says so, as for most."""
    first = seen[0][2:]
    return first[1] != TOO_LONG and all(one[2:] == first for one in seen)


def _images_of_rows(services: Iterable[UUID]) -> dict[str, list[str]]:
    """The same images from the Observations themselves."""
    rows = with_images(Target.objects.filter(service__in=services))
    rows = rows.order_by("environment__order", "environment__name").values_list("service", "container", "images")
    found: dict[str, list[str]] = {}
    for service, container, images in rows:
        found.setdefault(str(service), []).append(image_seen({"images": images}, container))
    return found


def _is_ahead(images: list[str]) -> bool:
    return any(one and other and not same_image(one, other) for one, other in pairwise(images))
