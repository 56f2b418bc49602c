"""Fetches workloads with all fields when they begin to be kept whole: their rows were slim until then."""

from __future__ import annotations

from collections.abc import Callable, Collection

from clusters.connection import paths
from clusters.observe.kinds import BY_NAME
from clusters.observe.objects import see
from clusters.observe.rows import Change
from clusters.observe.slim.parts import Raw
from clusters.observe.stream import Expired, Link, Refused
from clusters.observe.whole import KeptWhole, selector_text


async def fill(
    namespace: str, names: Collection[str], link: Link, kept: KeptWhole, put: Callable[[Change], None]
) -> None:
    """Put these Deployments of a namespace, their ReplicaSets and Pods, and the Services that pick the Pods with their
    EndpointSlices, each as a change that fills its row.

    A workload that is not there is nothing to fetch. Raises what the link raises.
    """

    def take(kind: str, raw: Raw) -> None:
        seen = see(BY_NAME[kind], raw)
        if seen and (whole := kept.whole_of(seen, raw)):
            put(Change(seen, whole=whole, fills=True))

    async def take_all(kind: str, path: str, params: dict[str, str]) -> None:
        try:
            async for page in link.pages(path, params):
                for item in page.items:
                    take(kind, item)
        except Expired:
            raise Refused(410, "the list took too long") from None

    for name in names:
        try:
            deployment = await link.get(paths.deployment(namespace, name), {})
        except Refused as error:
            if error.status == 404:
                continue
            raise
        take("Deployment", deployment)
        selected = {"labelSelector": selector_text((deployment.get("spec") or {}).get("selector") or {})}
        # ReplicaSets first: their uids tell which Pods are theirs.
        await take_all("ReplicaSet", paths.replicasets(namespace), selected)
        await take_all("Pod", paths.pods(namespace), selected)
    # These can't be asked for by workload: once for all of them. Services before their slices.
    await take_all("Service", paths.services(namespace), {})
    await take_all("EndpointSlice", paths.endpoint_slices(namespace), {})
