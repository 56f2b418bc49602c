"""All that one operation on a cluster works with: a door to its API server, and Helm with a kubeconfig of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from django.utils.translation import gettext as _

from charts import manifests
from charts.errors import HelmFailed, ScopeRefused
from charts.kinds import Kinds
from charts.models import ChartArchive
from charts.program import Run, prepared, run_helm
from charts.values import write_values
from clusters.connection import Door, connect
from clusters.connection.endpoint import destination_of, open_endpoint
from clusters.connection.gate import open_gate
from clusters.errors import ClusterUnreachable
from clusters.models import Cluster, ClusterCredential
from durable.encryption import SealBroken

REQUEST_SECONDS, RENDER_SECONDS = 10.0, 60.0


@dataclass(frozen=True)
class Workbench:
    """One cluster and one namespace, for as long as the operation has them open."""

    cluster: Cluster
    namespace: str
    door: Door
    run: Run

    @property
    def kinds(self) -> Kinds:
        """The kinds of the cluster, asked anew: a chart may have brought some."""
        return Kinds(self.door)


@dataclass(frozen=True)
class Rendered:
    """What Helm would apply. `hooks` are manifests, too."""

    manifest: str = field(repr=False)
    hooks: list[str] = field(repr=False)
    notes: str = field(repr=False, default="")

    @property
    def objects(self) -> list[dict[str, Any]]:
        """All objects, hooks included. Raises HelmFailed for a manifest that holds no objects."""
        try:
            return [item for text in (self.manifest, *self.hooks) for item in manifests.objects_of(text)]
        except manifests.BadManifest as error:
            raise HelmFailed(_("The rendered manifest cannot be used: %(why)s.") % {"why": error.detail}) from error


@contextmanager
def opened(
    cluster: Cluster, namespace: str, values: dict[str, Any] | None = None, *, beyond_namespace: bool
) -> Iterator[Workbench]:
    """Open a workbench; its files and its gate go when it is left. Helm reaches nothing beyond the namespace unless
    `beyond_namespace` says so: that is for admins. Raises ClusterUnreachable."""
    credential = ClusterCredential.objects.select_related("cluster").filter(cluster=cluster).first()
    if credential is None:
        raise ClusterUnreachable(cluster.name, _("no credentials are stored for it"), step="policy")
    try:
        destination = destination_of(credential.cluster, credential)
    except SealBroken as error:
        raise ClusterUnreachable(
            cluster.name, _("its stored credentials cannot be decrypted with the configured keys"), step="policy"
        ) from error
    endpoint = open_endpoint(destination)
    door = connect(credential.cluster, timeout_seconds=REQUEST_SECONDS)
    held_to = "" if beyond_namespace else namespace
    with open_gate(endpoint, held_to) as gate, prepared(gate, namespace, values or {}) as run:
        yield Workbench(cluster, namespace, door, run)


def chart_arguments(bench: Workbench, archive: ChartArchive) -> list[str]:
    """The chart as a file, and that values are read from standard input: neither is ever part of an option's text."""
    chart = bench.run.folder / "chart.tgz"
    if not chart.exists():
        bench.run.file("chart.tgz", bytes(archive.packed))
    return [str(chart), "--values", "-", "--reset-values"]


def render(bench: Workbench, name: str, archive: ChartArchive, values: dict[str, Any]) -> Rendered:
    """What an install or upgrade would apply, by a dry run that the API server takes part in; nothing is written.

    Raises HelmMissing, HelmFailed, HelmTimedOut, ScopeRefused.
    """
    arguments = ["upgrade", name, *chart_arguments(bench, archive), "--install", "--dry-run=server", "--output", "json"]
    try:
        printed = run_helm(bench.run, arguments, seconds=RENDER_SECONDS, stdin=write_values(values).encode())
    except HelmFailed as error:
        # Helm asks the cluster for each object even in a dry run; the gate has said where this one would be.
        if "is outside of namespace" in error.detail:
            raise ScopeRefused(error.detail, next=_ask_admin()) from error
        raise
    try:
        release = orjson.loads(printed)
        hooks = [str(hook.get("manifest") or "") for hook in release.get("hooks") or []]
        return Rendered(str(release.get("manifest") or ""), hooks, str((release.get("info") or {}).get("notes") or ""))
    except (orjson.JSONDecodeError, AttributeError) as error:
        raise HelmFailed(_("Helm's answer to the dry run cannot be read."), next=_("Is it Helm 4?")) from error


def refuse_beyond(bench: Workbench, rendered: Rendered, archive: ChartArchive) -> None:
    """Raises ScopeRefused when the chart makes anything outside of the namespace: that is for admins."""
    beyond = beyond_namespace(bench, rendered, archive)
    if beyond:
        raise ScopeRefused(
            _("The chart makes what is not in namespace %(namespace)s: %(objects)s.")
            % {"namespace": bench.namespace, "objects": ", ".join(beyond[:10])},
            next=_ask_admin(),
            objects=beyond[:100],
        )


def beyond_namespace(bench: Workbench, rendered: Rendered, archive: ChartArchive) -> list[str]:
    """The objects of the whole cluster, of other namespaces, or of kinds that the cluster does not know."""
    kinds = bench.kinds
    found = [_("CustomResourceDefinitions in crds/")] if archive.facts.get("has_crds") else []
    for item in rendered.objects:
        key = _key(item)
        kind = kinds.find(key.api_version, key.kind)
        if kind is None or not kind.is_namespaced or key.namespace not in {"", bench.namespace}:
            found.append(str(key))
    return found


def _ask_admin() -> str:
    return _("Ask an admin to install it, or switch these objects off in the values.")


def _key(item: dict[str, Any]) -> manifests.Key:
    try:
        return manifests.key_of(item)
    except manifests.BadManifest as error:
        raise HelmFailed(_("The rendered manifest cannot be used: %(why)s.") % {"why": error.detail}) from error
