"""Container images without a container runtime: one layer of files, in the layout of the Open Container Initiative."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

LEVEL = 1
"""Level 5 makes the images a tenth smaller and takes twice as long to pack."""
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Image:
    """What an image is made of: `files` by their absolute path in it."""

    name: str
    files: Mapping[str, Path]
    entrypoint: tuple[str, ...]
    links: Mapping[str, str] = field(default_factory=dict)


def write_image(path: Path, image: Image, architecture: str) -> None:
    """Write a tar that `ctr images import` takes. The same files give the same bytes."""
    layer = io.BytesIO()
    diff_id = _write_layer(layer, image)
    config = {
        "architecture": architecture,
        "os": "linux",
        "config": {
            "Entrypoint": list(image.entrypoint),
            "Env": ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
            "WorkingDir": "/",
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
    }
    blobs: dict[str, bytes] = {}
    manifest: dict[str, Any] = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": _keep(blobs, _json(config), "application/vnd.oci.image.config.v1+json"),
        "layers": [_keep(blobs, layer.getvalue(), "application/vnd.oci.image.layer.v1.tar+gzip")],
    }
    described = _keep(blobs, _json(manifest), manifest["mediaType"])
    # containerd reads the whole name; the specification's own annotation is for the tag alone.
    described["annotations"] = {
        "io.containerd.image.name": image.name,
        "org.opencontainers.image.ref.name": image.name.rpartition(":")[2],
    }
    described["platform"] = {"architecture": architecture, "os": "linux"}
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [described]}
    partial = path.with_name(f".{path.name}.partial")
    with tarfile.open(partial, "w", format=tarfile.USTAR_FORMAT) as archive:
        _add(archive, "oci-layout", _json({"imageLayoutVersion": "1.0.0"}))
        _add(archive, "index.json", _json(index))
        for digest, content in blobs.items():
            _add(archive, f"blobs/sha256/{digest}", content)
    partial.rename(path)


def _write_layer(output: BinaryIO, image: Image) -> str:
    """Write the compressed layer and return the SHA-256 of what is in it."""
    digest = hashlib.sha256()
    with (
        gzip.GzipFile(fileobj=output, mode="wb", compresslevel=LEVEL, mtime=0) as compressed,
        tarfile.open(fileobj=_Tee(compressed, digest), mode="w|", format=tarfile.GNU_FORMAT) as archive,
    ):
        for name in sorted(_folders_of(image)):
            folder = _entry(name, mode=0o1777 if name == "tmp" else 0o755)
            folder.type = tarfile.DIRTYPE
            archive.addfile(folder)
        for name, target in sorted(image.links.items()):
            link = _entry(name.lstrip("/"), mode=0o777)
            link.type, link.linkname = tarfile.SYMTYPE, target
            archive.addfile(link)
        for name, source in sorted(image.files.items()):
            with source.open("rb") as content:
                file = _entry(name.lstrip("/"), mode=0o755 if source.stat().st_mode & 0o111 else 0o644)
                file.size = source.stat().st_size
                archive.addfile(file, content)
    return digest.hexdigest()


class _Tee(io.RawIOBase):
    """A file that is written to another and measured on its way."""

    def __init__(self, output: Any, digest: Any) -> None:
        self._output, self._digest = output, digest

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._digest.update(data)
        self._output.write(data)
        return len(data)


def _folders_of(image: Image) -> set[str]:
    parents = {str(parent).lstrip("/") for path in [*image.files, *image.links] for parent in Path(path).parents}
    # A folder that is a link, as /lib is on Debian, is made as one.
    return (parents | {"tmp"}) - {""} - {name.lstrip("/") for name in image.links}


def _entry(name: str, *, mode: int) -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.mode = mode
    return entry


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = _entry(name, mode=0o644)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _keep(blobs: dict[str, bytes], content: bytes, media_type: str) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    blobs[digest] = content
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True).encode()
