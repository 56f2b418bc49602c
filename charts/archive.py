"""Chart archives, read within limits before Helm sees anything of them.

Helm 4's own loader takes absolute paths, links and devices. Here everything but plain files and folders with plain
names is refused, and Helm is given an archive that was written anew from what passed (`pack`), so that two readers
of tar can never disagree about what is in it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

import orjson
from django.utils.translation import gettext as _

from charts.errors import ArchiveRefused, ArchiveTooLarge
from charts.names import is_chart_name, is_version
from clusters.connection.strict_yaml import UnsafeYaml, read_yaml

MIB = 1024 * 1024
MAX_ARCHIVE_BYTES = 20 * MIB
# Those of Helm's loader: what is larger it would refuse as well.
MAX_UNPACKED_BYTES = 100 * MIB
MAX_FILE_BYTES = 5 * MIB
MAX_FILES = 10_000
# Text packs ten- to twentyfold. A ratio is asked for only where there is enough to measure one.
MAX_RATIO, RATIO_FROM_BYTES = 100, 4 * MIB
MAX_NESTING = 4
MAX_PATH, MAX_DEPTH = 512, 32
SHOWN_TEXT_BYTES = 512 * 1024
_CHUNK = 64 * 1024
_NESTED = re.compile(r"(?:\A|/)charts/[^/]+\.tgz\Z")
_CRD = re.compile(r"(?:\A|/)crds/[^/].*\.(?:ya?ml|json)\Z")


@dataclass(frozen=True)
class Dependency:
    """One entry of `dependencies` in Chart.yaml. `is_packed` tells whether it lies in charts/."""

    name: str
    version: str
    repository: str
    condition: str
    is_packed: bool


@dataclass(frozen=True)
class Chart:
    """A chart whose archive passed. `files` are paths below the chart's folder with their content."""

    name: str
    version: str
    app_version: str
    description: str
    keywords: tuple[str, ...]
    kind: str
    kube_version: str
    deprecated: bool
    home: str
    dependencies: tuple[Dependency, ...]
    readme: str
    values: str
    schema: dict[str, Any] | None
    has_crds: bool
    digest: str
    files: dict[str, bytes] = field(repr=False)

    @property
    def missing_dependencies(self) -> list[str]:
        """Dependencies that are not packed: Helm will not install without, and Slipway fetches none behind its back."""
        return [each.name for each in self.dependencies if not each.is_packed]


@dataclass
class _Budget:
    """What one archive and all archives inside it may use together."""

    packed: int
    unpacked: int = 0
    files: int = 0

    def spend(self, size: int) -> None:
        self.unpacked += size
        if self.unpacked > MAX_UNPACKED_BYTES:
            raise ArchiveRefused(
                "unpacked_size",
                _("The archive unpacks to more than %(size)d MiB.") % {"size": MAX_UNPACKED_BYTES // MIB},
            )
        if self.unpacked > RATIO_FROM_BYTES and self.unpacked > MAX_RATIO * self.packed:
            raise ArchiveRefused(
                "ratio", _("The archive unpacks to more than %(ratio)d times its size.") % {"ratio": MAX_RATIO}
            )

    def count(self) -> None:
        self.files += 1
        if self.files > MAX_FILES:
            raise ArchiveRefused("count", _("The archive holds more than %(count)d entries.") % {"count": MAX_FILES})


class _Unpacked(io.RawIOBase):
    """The gzip stream of an archive as it unpacks; every byte of it is paid for, headers and padding too."""

    def __init__(self, content: bytes, budget: _Budget) -> None:
        super().__init__()
        self._source = gzip.GzipFile(fileobj=io.BytesIO(content))
        self._budget = budget

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        got = self._source.read(min(size, _CHUNK) if size >= 0 else _CHUNK)
        self._budget.spend(len(got))
        return got


def read_chart(content: bytes) -> Chart:
    """The chart in an archive (`.tgz`). Raises ArchiveTooLarge, or ArchiveRefused naming the rule that it breaks."""
    if len(content) > MAX_ARCHIVE_BYTES:
        raise ArchiveTooLarge(_("A chart archive may have at most %(size)d MiB.") % {"size": MAX_ARCHIVE_BYTES // MIB})
    budget = _Budget(packed=max(1, len(content)))
    folder, files = _files_of(content, budget)
    _look_inside(files, budget, depth=1)
    return _described(folder, files, hashlib.sha256(content).hexdigest())


def pack(chart: Chart) -> bytes:
    """The archive that Helm is given: the same files, and nothing but files. The same chart gives the same bytes."""
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for path in sorted(chart.files):
            member = tarfile.TarInfo(f"{chart.name}/{path}")
            member.size, member.mode = len(chart.files[path]), 0o644
            tar.addfile(member, io.BytesIO(chart.files[path]))
    return out.getvalue()


def _files_of(content: bytes, budget: _Budget) -> tuple[str, dict[str, bytes]]:
    """The name of the one folder in the archive, and the files below it."""
    folder, files = "", {}
    try:
        for parts, body in _members(content, budget):
            if folder not in {"", parts[0]}:
                raise ArchiveRefused("path", _("The archive holds more than one folder."))
            folder = parts[0]
            if body is None:
                continue
            path = "/".join(parts[1:])
            if not path or path in files:
                raise ArchiveRefused(
                    "path", _("“%(path)s” is there twice, or outside of the chart's folder.") % {"path": path or folder}
                )
            files[path] = body
    except (
        tarfile.TarError,
        zlib.error,
        EOFError,
        OSError,
        ValueError,
        UnicodeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise ArchiveRefused(
            "archive", _("The file is no gzipped tar archive, or is damaged."), next=_("Make it with `helm package`.")
        ) from error
    return folder, files


def _members(content: bytes, budget: _Budget) -> Iterator[tuple[list[str], bytes | None]]:
    """Each entry's path in parts, and its content; None for a folder."""
    stream: Any = _Unpacked(content, budget)
    with tarfile.open(fileobj=stream, mode="r|", errorlevel=2) as tar:
        for member in tar:
            budget.count()
            parts = _safe_parts(member.name)
            if member.isdir():
                yield parts or [""], None
                continue
            if not member.isreg() or member.sparse is not None:
                raise ArchiveRefused(
                    "link",
                    _("“%(path)s” is a link, a device or another thing that is no plain file.")
                    % {"path": _shown(member.name)},
                )
            if member.size > MAX_FILE_BYTES:
                raise ArchiveRefused(
                    "file_size",
                    _("“%(path)s” is larger than %(size)d MiB.")
                    % {"path": _shown(member.name), "size": MAX_FILE_BYTES // MIB},
                )
            held: IO[bytes] | None = tar.extractfile(member)
            body = held.read() if held else b""
            if len(body) != member.size:
                raise tarfile.ReadError("unexpected end of data")
            yield parts, body


def _safe_parts(name: str) -> list[str]:
    """The path in parts. Raises ArchiveRefused for one that leads, or might be read to lead, anywhere else."""
    parts = [part for part in name.rstrip("/").split("/") if part != "."]
    is_bad = (
        name.startswith("/")
        or not parts
        or len(name) > MAX_PATH
        or len(parts) > MAX_DEPTH
        or any(part in {"", ".."} for part in parts)
        or any(character in '\\:*?"<>|' or not character.isprintable() for character in name)
    )
    if is_bad:
        raise ArchiveRefused("path", _("“%(path)s” is no path inside a chart.") % {"path": _shown(name)})
    return parts


def _look_inside(files: dict[str, bytes], budget: _Budget, depth: int) -> None:
    """Hold archives in charts/ to the same rules, out of the same budget, and put what was read in their place."""
    for path in [path for path in files if _NESTED.search(path)]:
        if depth >= MAX_NESTING:
            raise ArchiveRefused(
                "nesting", _("Charts are packed in charts more than %(depth)d deep.") % {"depth": MAX_NESTING}
            )
        folder, inner = _files_of(files.pop(path), budget)
        _look_inside(inner, budget, depth + 1)
        for inner_path, body in inner.items():
            whole = f"{path.rpartition('/')[0]}/{folder}/{inner_path}"
            if whole in files:
                raise ArchiveRefused("path", _("The chart “%(name)s” is in charts/ twice.") % {"name": folder})
            files[whole] = body


def _described(folder: str, files: dict[str, bytes], digest: str) -> Chart:
    facts = _chart_yaml(files)
    name, version = _text(facts, "name"), _text(facts, "version")
    if not is_chart_name(name):
        raise ArchiveRefused(
            "name", _("Chart.yaml names the chart “%(name)s”, which is no name of one.") % {"name": name[:80]}
        )
    if not is_version(version):
        raise ArchiveRefused(
            "version", _("Chart.yaml gives “%(version)s” as version, which is none.") % {"version": version[:80]}
        )
    keywords = facts.get("keywords")
    return Chart(
        name=name,
        version=version,
        app_version=_text(facts, "appVersion"),
        description=_text(facts, "description")[:2000],
        keywords=tuple(str(word)[:80] for word in keywords[:32]) if isinstance(keywords, list) else (),
        kind=_text(facts, "type") or "application",
        kube_version=_text(facts, "kubeVersion"),
        deprecated=_text(facts, "deprecated").lower() == "true",
        home=_text(facts, "home")[:500],
        dependencies=_dependencies(facts, files),
        readme=_shown_file(files, "README.md"),
        values=_shown_file(files, "values.yaml"),
        schema=_schema(files),
        has_crds=any(_CRD.search(path) for path in files),
        digest=digest,
        files=files,
    )


def _chart_yaml(files: dict[str, bytes]) -> dict[str, Any]:
    if "Chart.yaml" not in files:
        raise ArchiveRefused(
            "chart_yaml", _("There is no Chart.yaml in it: this is no chart."), next=_("Make it with `helm package`.")
        )
    try:
        return read_yaml(files["Chart.yaml"].decode("utf-8"), max_bytes=256 * 1024)
    except (UnsafeYaml, UnicodeDecodeError) as error:
        why = error.detail if isinstance(error, UnsafeYaml) else _("it is no UTF-8")
        raise ArchiveRefused("chart_yaml", _("Chart.yaml cannot be read: %(why)s.") % {"why": why}) from error


def _dependencies(facts: dict[str, Any], files: dict[str, bytes]) -> tuple[Dependency, ...]:
    given = facts.get("dependencies")
    packed = {path.split("/")[1] for path in files if path.startswith("charts/") and path.count("/") >= 2}
    return tuple(
        Dependency(
            name=_text(each, "name"),
            version=_text(each, "version"),
            repository=_text(each, "repository"),
            condition=_text(each, "condition"),
            is_packed=_text(each, "name") in packed,
        )
        for each in (given if isinstance(given, list) else [])[:100]
        if isinstance(each, dict)
    )


def _schema(files: dict[str, bytes]) -> dict[str, Any] | None:
    """values.schema.json for the form; Helm itself judges values by it, so one that is too large or broken is left."""
    body = files.get("values.schema.json", b"")
    if not body or len(body) > SHOWN_TEXT_BYTES:
        return None
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _shown_file(files: dict[str, bytes], path: str) -> str:
    return files.get(path, b"")[:SHOWN_TEXT_BYTES].decode("utf-8", "replace").replace("\0", "")


def _text(facts: dict[str, Any], key: str) -> str:
    value = facts.get(key)
    return value if isinstance(value, str) else ""


def _shown(name: str) -> str:
    return "".join(sign if sign.isprintable() else "�" for sign in name[:120])
