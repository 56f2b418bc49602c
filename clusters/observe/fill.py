"""Fetches a workload with all fields when it begins to be kept whole: its rows were slim until then."""

from __future__ import annotations

from collections.abc import Callable

from clusters.connection import paths
from clusters.observe.kinds import BY_NAME
from clusters.observe.objects import see
from clusters.observe.rows import Change
from clusters.observe.slim.parts import Raw
from clusters.observe.stream import Expired, Link, Refused
from clusters.observe.whole import KeptWhole, Workload, selector_text


async def fill(workload: Workload, link: Link, kept: KeptWhole, put: Callable[[Change], None]) -> None:
    """Put the Deployment, its ReplicaSets, their Pods, the Events of those, and the Services that pick the Pods with
    their EndpointSlices, each as a change that fills its row.

    A workload that is not there is nothing to fetch. Raises what the link raises.
    """

    def take(kind: str, raw: Raw) -> None:
        seen = see(BY_NAME[kind], raw)
        if seen and (whole := kept.whole_of(seen, raw)):
            put(Change(seen, whole=whole, fills=True))

    namespace, name = workload
    try:
        deployment = await link.get(paths.deployment(namespace, name), {})
    except Refused as error:
        if error.status == 404:
            return
        raise
    take("Deployment", deployment)
    selected = {"labelSelector": selector_text((deployment.get("spec") or {}).get("selector") or {})}
    # ReplicaSets first: their uids tell which Pods are theirs; Services before their slices.
    for kind, path, params in (
        ("ReplicaSet", paths.replicasets(namespace), selected),
        ("Pod", paths.pods(namespace), selected),
        ("Event", paths.events(namespace), {}),
        ("Service", paths.services(namespace), {}),
        ("EndpointSlice", paths.endpoint_slices(namespace), {}),
    ):
        try:
            async for page in link.pages(path, params):
                for item in page.items:
                    take(kind, item)
        except Expired:
            raise Refused(410, "the list took too long") from None
