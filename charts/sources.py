"""From what a person names to an archive: `uploads/NAME`, `REPOSITORY/NAME`, or `oci://HOST/PATH/NAME`."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from charts import index
from charts.archive import MAX_ARCHIVE_BYTES
from charts.errors import RepositoryUnreachable
from charts.fetching import Source, basic, fetch, read_address
from charts.keeping import keep
from charts.models import ChartArchive, ChartRepository, ChartUpload, IndexedChart
from charts.names import is_chart_name, is_oci_path
from charts.oci import Registry
from durable.encryption import SealBroken
from web.errors import Invalid
from web.outbound import AddressRefused

if TYPE_CHECKING:
    from accounts.models import User

UPLOADS = "uploads"


@dataclass(frozen=True)
class Chosen:
    """A chart and a version that are there. Exactly one of `upload` and `repository` is set."""

    ref: str
    name: str
    version: str
    upload: ChartUpload | None = None
    repository: ChartRepository | None = None
    entry: dict[str, Any] | None = None


def choose(by: User, ref: str, version: str) -> Chosen:
    """What a chart reference and a version ("" for the newest) mean. Only an OCI registry is asked over the network.

    Raises Invalid at /chart or /version, RepositoryUnreachable.
    """
    if ref.startswith("oci://"):
        return _choose_by_url(ref, version)
    place, _slash, name = ref.partition("/")
    if not place or not (is_chart_name(name) or is_oci_path(name)):
        raise Invalid.at(
            "/chart", "chart", _("Name a chart as REPOSITORY/NAME, uploads/NAME, or by its oci:// address.")
        )
    if place == UPLOADS:
        return _choose_upload(by, name, version)
    repository = ChartRepository.objects.filter(name=place).first()
    if repository is None:
        known = ", ".join([UPLOADS, *ChartRepository.objects.values_list("name", flat=True)])
        raise Invalid.at(
            "/chart",
            "unknown_repository",
            _("There is no chart repository “%(name)s”. There are: %(known)s.") % {"name": place[:63], "known": known},
        )
    if repository.kind == ChartRepository.Kind.OCI:
        return _choose_tag(repository, ref, name, version)
    indexed = IndexedChart.objects.filter(repository=repository, name=name).first()
    if indexed is None:
        raise Invalid.at(
            "/chart",
            "unknown_chart",
            _("Repository %(repository)s has no chart “%(name)s”.") % {"repository": place, "name": name[:250]},
        )
    entry = _pick(indexed.versions, version, ref)
    return Chosen(ref, name, entry["version"], repository=repository, entry=entry)


def obtain(chosen: Chosen) -> ChartArchive:
    """The archive itself, fetched unless it is kept already, and held to every rule.

    Raises RepositoryUnreachable, ArchiveRefused, ArchiveTooLarge.
    """
    if chosen.upload is not None:
        return chosen.upload.archive
    repository = chosen.repository
    if repository is None:
        raise ValueError("a chart is chosen from an upload or a repository")
    if repository.kind == ChartRepository.Kind.OCI:
        archive = keep(registry_of(repository).pull(chosen.name, chosen.version))
    else:
        archive = _from_classic(repository, chosen)
    if archive.name != chosen.name.rpartition("/")[2] or archive.chart_version.removeprefix(
        "v"
    ) != chosen.version.removeprefix("v"):
        raise RepositoryUnreachable(
            repository.name,
            _("the archive is of %(found)s, not of %(asked)s")
            % {"found": archive, "asked": f"{chosen.name} {chosen.version}"},
            step="read",
        )
    return archive


def source_of(repository: ChartRepository) -> Source:
    """How to ask a repository. Its credentials are bound to its own origin. Raises RepositoryUnreachable."""
    try:
        secret: dict[str, str] = repository.secret or {}
    except SealBroken as error:
        raise RepositoryUnreachable(
            repository.name,
            _("its credentials cannot be decrypted with the configured keys"),
            step="policy",
            next=_("Put the former key into SLIPWAY_FIELD_KEYS, or give the credentials anew."),
        ) from error
    try:
        address = read_address(http_url(repository.url), allow_private=repository.allow_private_address)
    except AddressRefused as refusal:
        raise RepositoryUnreachable(repository.name, refusal.detail, step=refusal.step, next=refusal.next) from refusal
    return Source(
        repository.name,
        repository.allow_private_address,
        address.origin,
        basic(secret.get("username", ""), secret.get("password", "")),
    )


def registry_of(repository: ChartRepository) -> Registry:
    """The registry that an OCI repository is a place in. Raises RepositoryUnreachable."""
    return Registry.at(source_of(repository), repository.url)


def http_url(url: str) -> str:
    """The address that is really asked: an `oci://` address stands for https, `oci+http://` for http."""
    return url.replace("oci+http://", "http://", 1).replace("oci://", "https://", 1)


def _from_classic(repository: ChartRepository, chosen: Chosen) -> ChartArchive:
    entry = chosen.entry or {}
    digest = entry.get("digest") or ""
    if digest and (kept := ChartArchive.objects.filter(digest=digest).first()):
        return kept
    answer = fetch(source_of(repository), entry["url"], max_bytes=MAX_ARCHIVE_BYTES)
    if answer.status != 200:
        raise RepositoryUnreachable(
            repository.name,
            _("it answered %(status)d where the archive of %(chart)s should be")
            % {"status": answer.status, "chart": f"{chosen.name} {chosen.version}"},
            step="request",
        )
    if digest and hashlib.sha256(answer.body).hexdigest() != digest:
        raise RepositoryUnreachable(
            repository.name, _("the archive is not the one whose digest the index gives"), step="read",
            next=_("Refresh the repository; if that does not help, its index is wrong."),
        )  # fmt: skip
    return keep(answer.body)


def _choose_upload(by: User, name: str, version: str) -> Chosen:
    found = list(
        ChartUpload.objects.visible_to(by).filter(name=name).select_related("archive").defer("archive__packed")
    )
    if not found:
        raise Invalid.at("/chart", "unknown_chart", _("There is no uploaded chart “%(name)s”.") % {"name": name[:250]})
    uploads = {upload.chart_version: upload for upload in found}
    ordered = sorted(uploads, key=index.version_order, reverse=True)
    entry = _pick([{"version": each} for each in ordered], version, f"{UPLOADS}/{name}")
    return Chosen(f"{UPLOADS}/{name}", name, entry["version"], upload=uploads[entry["version"]])


def _choose_tag(repository: ChartRepository, ref: str, name: str, version: str) -> Chosen:
    versions = registry_of(repository).versions(name)
    entry = _pick([{"version": each} for each in versions], version, ref)
    return Chosen(ref, name, entry["version"], repository=repository, entry=entry)


def _choose_by_url(ref: str, version: str) -> Chosen:
    """Only what lies in a registry that an admin registered may be named by its address."""
    wanted = urlsplit(ref)
    for repository in ChartRepository.objects.filter(kind=ChartRepository.Kind.OCI):
        held = urlsplit(repository.url)
        below = f"{held.path.strip('/')}/".lstrip("/")
        path = wanted.path.strip("/")
        if held.netloc == wanted.netloc and path.startswith(below) and is_oci_path(path):
            name = path.removeprefix(below)
            return _choose_tag(repository, f"{repository.name}/{name}", name, version)
    raise Invalid.at(
        "/chart",
        "unknown_repository",
        _("No chart repository is registered for this address. An admin can register its registry."),
    )


def _pick(versions: list[dict[str, Any]], version: str, ref: str) -> dict[str, Any]:
    if not version:
        found = index.newest(versions)
    else:
        bare = version.removeprefix("v")
        found = next((each for each in versions if each["version"].removeprefix("v") == bare), None)
    if found is None:
        known = ", ".join(each["version"] for each in versions[:10]) or "-"
        raise Invalid.at(
            "/version",
            "unknown_version",
            _("%(chart)s has no version %(version)s. There are: %(known)s.")
            % {"chart": ref[:250], "version": version or "-", "known": known},
        )
    return found
