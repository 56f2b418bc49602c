"""Which kinds a cluster serves: their paths, and whether they live in a namespace. Asked once a run, by group."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote

from charts.manifests import Key
from clusters.connection import Door
from clusters.errors import ApiRefused


@dataclass(frozen=True)
class Kind:
    """One kind of one version. `prefix` is /api/v1 or /apis/GROUP/VERSION."""

    prefix: str
    plural: str
    is_namespaced: bool


@dataclass
class Kinds:
    """The kinds of one cluster. Every lookup may raise ClusterUnreachable."""

    door: Door
    _known: dict[str, dict[str, Kind]] = field(default_factory=dict)

    def find(self, api_version: str, kind: str) -> Kind | None:
        """The kind, None where the cluster does not serve it (yet)."""
        if api_version not in self._known:
            self._known[api_version] = self._ask(api_version)
        return self._known[api_version].get(kind)

    def path(self, key: Key, namespace: str) -> str | None:
        """Where the object is; `namespace` is that of the release, for objects that name none."""
        kind = self.find(key.api_version, key.kind)
        if kind is None:
            return None
        where = f"/namespaces/{quote(key.namespace or namespace, safe='')}" if kind.is_namespaced else ""
        return f"{kind.prefix}{where}/{kind.plural}/{quote(key.name, safe='')}"

    def _ask(self, api_version: str) -> dict[str, Kind]:
        group, _slash, version = api_version.rpartition("/")
        if not version or not all(
            part and part.replace("-", "").replace(".", "").isalnum() for part in api_version.split("/")
        ):
            return {}
        prefix = (
            f"/apis/{quote(group, safe='.')}/{quote(version, safe='')}" if group else f"/api/{quote(version, safe='')}"
        )
        try:
            listed = self.door.get(prefix)
        except ApiRefused as refusal:
            if refusal.is_not_found:
                return {}
            raise
        return {
            str(each.get("kind")): Kind(prefix, str(each.get("name")), bool(each.get("namespaced")))
            for each in listed.get("resources") or []
            if "/" not in str(each.get("name"))
        }
