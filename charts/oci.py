"""Charts in OCI registries: tags, and the one layer of a manifest that is a chart (distribution specification 1.1)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from django.utils.translation import gettext as _

from charts.archive import MAX_ARCHIVE_BYTES
from charts.errors import RepositoryUnreachable
from charts.fetching import Fetched, Source, fetch, read_address
from charts.index import version_order
from charts.names import is_oci_path, is_version

CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
_MANIFEST_BYTES, _TAGS_BYTES, _TOKEN_BYTES = 1024 * 1024, 4 * 1024 * 1024, 64 * 1024
_DIGEST = re.compile(r"\Asha256:([0-9a-f]{64})\Z")
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True)
class Registry:
    """A place in a registry that charts lie below: the registry's base URL and a path ("" for the whole of it)."""

    source: Source
    base_url: str
    path: str

    @classmethod
    def at(cls, source: Source, url: str) -> Registry:
        """The registry of an `oci://host[:port]/path`. A private one that an admin allowed may speak plain http when
        its port says so (`oci+http://`). Raises AddressRefused for an address that cannot be used."""
        parts = urlsplit(url)
        scheme = "http" if parts.scheme == "oci+http" else "https"
        read_address(f"{scheme}://{parts.netloc}/", allow_private=source.allow_private)
        return cls(source, f"{scheme}://{parts.netloc}", parts.path.strip("/"))

    def repository(self, chart: str) -> str:
        """The path of a chart's repository. Raises RepositoryUnreachable for what is no path."""
        path = f"{self.path}/{chart}".strip("/")
        if not is_oci_path(path):
            raise RepositoryUnreachable(
                self.source.name, _("“%(path)s” is no path in a registry") % {"path": path[:200]}, step="policy"
            )
        return path

    def versions(self, chart: str) -> list[str]:
        """The versions of a chart, newest first; tags that are none are passed over. Raises RepositoryUnreachable."""
        answer = self._get(
            f"/v2/{self.repository(chart)}/tags/list", self.repository(chart), _TAGS_BYTES, "application/json"
        )
        tags = self._json(answer, chart).get("tags") or []
        # A "+" may not stand in a tag, so Helm writes "_" in its place.
        found = {str(tag).replace("_", "+") for tag in tags if isinstance(tag, str)}
        return sorted((version for version in found if is_version(version)), key=version_order, reverse=True)

    def charts(self) -> list[str] | None:
        """The charts below this place, by the registry's catalogue; None where it has none to show."""
        answer = self._get("/v2/_catalog?n=1000", "", _TAGS_BYTES, "application/json", scope="registry:catalog:*")
        if answer.status != 200:
            return None
        prefix = f"{self.path}/" if self.path else ""
        names = self._json(answer, "").get("repositories") or []
        return sorted(str(name).removeprefix(prefix) for name in names if str(name).startswith(prefix))

    def pull(self, chart: str, version: str) -> bytes:
        """The archive of one version, whose digest was checked. Raises RepositoryUnreachable."""
        repository, tag = self.repository(chart), version.replace("+", "_")
        answer = self._get(f"/v2/{repository}/manifests/{tag}", repository, _MANIFEST_BYTES, _MANIFEST)
        layers = self._json(answer, f"{chart}:{version}").get("layers")
        digests = [
            each.get("digest")
            for each in (layers if isinstance(layers, list) else [])
            if isinstance(each, dict) and each.get("mediaType") == CHART_LAYER
        ]
        found = _DIGEST.match(str(digests[0])) if len(digests) == 1 else None
        if found is None:
            raise RepositoryUnreachable(
                self.source.name, _("%(chart)s is no Helm chart") % {"chart": f"{chart}:{version}"}, step="read"
            )
        blob = self._get(
            f"/v2/{repository}/blobs/{found[0]}", repository, MAX_ARCHIVE_BYTES, "application/octet-stream"
        )
        self._require_ok(blob, f"{chart}:{version}")
        if hashlib.sha256(blob.body).hexdigest() != found[1]:
            raise RepositoryUnreachable(self.source.name, _("what came is not what its digest says"), step="read")
        return blob.body

    def _get(self, path: str, repository: str, max_bytes: int, accept: str, *, scope: str = "") -> Fetched:
        """GET, with a token of the registry's own where it asks for one."""
        url = self.base_url + path
        answer = fetch(self.source, url, max_bytes=max_bytes, accept=accept)
        challenge = answer.headers.get("www-authenticate", "")
        if answer.status == 401 and challenge.lower().startswith("bearer "):
            token = self._token(challenge, scope or f"repository:{repository}:pull")
            asked = read_address(url, allow_private=self.source.allow_private)
            bearing = replace(self.source, origin=asked.origin, authorization=f"Bearer {token}")
            answer = fetch(bearing, url, max_bytes=max_bytes, accept=accept)
        return answer

    def _token(self, challenge: str, scope: str) -> str:
        """A token from where the registry says. Our credentials go there only if that is the registry's own host."""
        told = dict(_CHALLENGE.findall(challenge))
        realm = told.get("realm", "")
        query = {name: value for name, value in (("service", told.get("service", "")), ("scope", scope)) if value}
        answer = fetch(self.source, f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}", max_bytes=_TOKEN_BYTES)
        body = self._json(answer, "")
        token = body.get("token") or body.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise RepositoryUnreachable(self.source.name, _("the registry gave no token"), step="request")
        return token

    def _json(self, answer: Fetched, chart: str) -> dict[str, Any]:
        self._require_ok(answer, chart)
        try:
            found = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise RepositoryUnreachable(self.source.name, _("it did not answer as a registry does"), step="read")
        return found

    def _require_ok(self, answer: Fetched, chart: str) -> None:
        if answer.status == 200:
            return
        if answer.status in {401, 403}:
            why = _("it asks for credentials, or refuses those it was given (%(status)d)") % {"status": answer.status}
        elif answer.status == 404 and chart:
            why = _("there is no %(chart)s") % {"chart": chart}
        else:
            why = _("it answered %(status)d") % {"status": answer.status}
        raise RepositoryUnreachable(self.source.name, why, step="request")
