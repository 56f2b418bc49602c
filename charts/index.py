"""index.yaml of a classic chart repository, read within limits: charts, their versions and where the archives are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin

import yaml
from django.utils.translation import gettext as _

from charts.names import is_chart_name, is_version

MAX_INDEX_BYTES = 32 * 1024 * 1024
MAX_CHARTS, MAX_VERSIONS = 5_000, 500
_MAX_EVENTS, _MAX_DEPTH = 4_000_000, 32
_DIGEST = re.compile(r"\A(?:sha256:)?([0-9a-f]{64})\Z")
_SEMVER = re.compile(r"\Av?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+.*)?\Z")


class BadIndex(ValueError):
    """The text is no index of charts; `detail` says why."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True)
class Indexed:
    """One chart of an index; `versions` are plain values, newest first."""

    name: str
    description: str
    keywords: list[str] = field(default_factory=list)
    versions: list[dict[str, Any]] = field(default_factory=list)


def read_index(content: bytes, base_url: str) -> list[Indexed]:
    """The charts of an index, by name. `base_url` is the repository's address, which relative archives are below.

    Entries that no chart can have are passed over; raises BadIndex for a text that is no index at all.
    """
    entries = _load(content).get("entries")
    if not isinstance(entries, dict):
        raise BadIndex(_("it has no entries"))
    base = base_url.rstrip("/") + "/"
    charts = [_chart(str(name), versions, base) for name, versions in list(entries.items())[:MAX_CHARTS]]
    return sorted((chart for chart in charts if chart is not None), key=lambda chart: chart.name)


def version_order(version: str) -> tuple[Any, ...]:
    """A key that sorts versions as SemVer does: a pre-release before its release; what is no version comes first."""
    found = _SEMVER.match(version)
    if not found:
        return (-1,)
    numbers = tuple(int(part or 0) for part in found.groups()[:3])
    pre = found[4]
    if pre is None:
        return (0, *numbers, 1)
    # Numbers order before words, and by value.
    parts = tuple((0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split("."))
    return (0, *numbers, 0, parts)


def is_prerelease(version: str) -> bool:
    """Whether it is only taken when asked for by name."""
    found = _SEMVER.match(version)
    return bool(found and found[4])


def newest(versions: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The version that is taken when none is asked for: the newest that is no pre-release, else the newest."""
    stable = [each for each in versions if not is_prerelease(each["version"])]
    ordered = stable or versions
    return ordered[0] if ordered else None


def _load(content: bytes) -> dict[str, Any]:
    try:
        text = content.decode("utf-8")
        depth = 0
        for number, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
            if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
                raise BadIndex(_("it uses YAML anchors or aliases"))
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH or number > _MAX_EVENTS:
                raise BadIndex(_("it is nested too deeply, or too long"))
        found = yaml.load(text, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        if isinstance(error, BadIndex):
            raise
        raise BadIndex(_("it is no valid YAML")) from error
    if not isinstance(found, dict):
        raise BadIndex(_("it is no index of charts"))
    return found


def _chart(name: str, versions: Any, base: str) -> Indexed | None:
    if not is_chart_name(name) or not isinstance(versions, list):
        return None
    read = [each for each in (_version(version, base) for version in versions) if each is not None]
    read.sort(key=lambda each: version_order(each["version"]), reverse=True)
    if not read:
        return None
    head = newest(read) or read[0]
    told = next(
        (each for each in versions if isinstance(each, dict) and str(each.get("version")) == head["version"]), {}
    )
    keywords = told.get("keywords")
    return Indexed(
        name=name,
        description=str(told.get("description") or "")[:2000],
        keywords=[str(word)[:80] for word in keywords[:32]] if isinstance(keywords, list) else [],
        versions=read[:MAX_VERSIONS],
    )


def _version(entry: Any, base: str) -> dict[str, Any] | None:
    if not isinstance(entry, dict):
        return None
    version, urls = str(entry.get("version") or ""), entry.get("urls")
    if not is_version(version) or not isinstance(urls, list) or not urls or not isinstance(urls[0], str):
        return None
    digest = _DIGEST.match(str(entry.get("digest") or ""))
    return {
        "version": version,
        "app_version": str(entry.get("appVersion") or "")[:128],
        "url": urljoin(base, urls[0])[:2048],
        "digest": digest[1] if digest else "",
        "deprecated": entry.get("deprecated") is True,
    }
