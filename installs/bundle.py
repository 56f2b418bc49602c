"""Offline bundles: a folder with binaries, images and manifests, and `manifest.json` with the SHA-256 of each.

    {"name": "site-1-37", "kubernetes_version": "v1.37.2", "architecture": "amd64",
     "files": [{"path": "bin/kubeadm", "kind": "binary", "sha256": "...", "size": 1234},
               {"path": "images/etcd.tar", "kind": "image", "images": ["registry.k8s.io/etcd:3.7.0-0"], ...},
               {"path": "manifests/kube-router.yaml", "kind": "manifest", ...},
               {"path": "cni/bridge", "kind": "cni_plugin", ...},
               {"path": "units/kubelet.service", "kind": "unit", ...}]}

`target` says where a file goes on a host; a binary, a plugin and a unit without it go to the usual place.
The admin who puts a bundle there vouches for the manifest; everything else is held against it.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from django.conf import settings
from django.utils.translation import gettext as _

from installs import grammar
from web.errors import SlipwayError

Kind = Literal["binary", "image", "manifest", "cni_plugin", "unit"]
ARCHITECTURES = ("amd64", "arm64")
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_FILES = 2000

_FOLDERS: dict[str, str] = {"binary": "/usr/local/bin", "cni_plugin": "/opt/cni/bin", "unit": "/etc/systemd/system"}
_TARGETS = (
    "/usr/local/",
    "/usr/bin/",
    "/usr/sbin/",
    "/opt/cni/bin/",
    "/etc/systemd/system/",
    "/usr/lib/systemd/system/",
)
_PATH = re.compile(r"\A[A-Za-z0-9_][A-Za-z0-9._+-]*(?:/[A-Za-z0-9_][A-Za-z0-9._+-]*)*\Z")
_TARGET = re.compile(r"\A(?:/[A-Za-z0-9_][A-Za-z0-9._+-]*)+\Z")
_IMAGE = re.compile(r"\A[a-z0-9][A-Za-z0-9._:/@-]{0,254}\Z")
_SHA256 = re.compile(r"\A[0-9a-f]{64}\Z")
_CHUNK = 1024 * 1024


class BundleRefused(SlipwayError):
    """An offline bundle is not there, is not in the format, or a file of it is not what its manifest says."""

    code = "bundle_refused"
    status = 422


@dataclass(frozen=True, slots=True)
class Member:
    """A file of a bundle. `target` is where it goes on a host, "" for what is only read from there."""

    path: str
    kind: Kind
    sha256: str
    size: int
    target: str = ""
    images: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return posixpath.basename(self.path)


@dataclass(frozen=True, slots=True)
class Bundle:
    """An opened bundle: its manifest is read, its files are not."""

    name: str
    root: Path
    kubernetes_version: str
    architecture: str
    members: tuple[Member, ...]

    def of_kind(self, kind: Kind) -> tuple[Member, ...]:
        """The members of a kind, in the manifest's order."""
        return tuple(member for member in self.members if member.kind == kind)

    def member(self, path: str) -> Member:
        """The member at a path. Raises BundleRefused when the manifest does not name it."""
        for member in self.members:
            if member.path == path:
                return member
        raise BundleRefused(
            _("The bundle %(bundle)s has no file %(path)s.") % {"bundle": self.name, "path": path},
            next=_("Build the bundle again, or choose another."),
        )

    def images(self) -> frozenset[str]:
        """Names of all images of the bundle."""
        return frozenset(image for member in self.members for image in member.images)

    def manifest(self, name: str) -> Member | None:
        """The manifest `NAME.yaml`, if the bundle has it."""
        return next((m for m in self.of_kind("manifest") if m.name in (f"{name}.yaml", f"{name}.yml")), None)

    def locate(self, path: str) -> Path:
        """Where a member's file is. It may be a hard link or lie in the folder, but no link leads out of it."""
        member = self.member(path)
        root = self.root.resolve()
        place = (root / member.path).resolve()
        if not place.is_relative_to(root) or not place.is_file():
            raise self._spoilt(member, _("the file is missing or lies elsewhere"))
        return place

    def read(self, path: str) -> bytes:
        """The content of a member, held against its SHA-256. For small files; large ones go by `chunks`."""
        return b"".join(self.chunks(path))

    def chunks(self, path: str) -> Iterator[bytes]:
        """The content of a member in pieces. Raises BundleRefused at its end when size or SHA-256 differ."""
        member = self.member(path)
        digest, size = hashlib.sha256(), 0
        with self.locate(path).open("rb") as file:
            while piece := file.read(_CHUNK):
                size += len(piece)
                digest.update(piece)
                if size > member.size:
                    raise self._spoilt(member, _("the file is larger than its manifest says"))
                yield piece
        if size != member.size or digest.hexdigest() != member.sha256:
            raise self._spoilt(member, _("size or SHA-256 differ from the manifest"))

    def verify(self) -> None:
        """Read every file once. Raises BundleRefused for the first that is not what the manifest says."""
        for member in self.members:
            for _piece in self.chunks(member.path):
                pass

    def _spoilt(self, member: Member, why: str) -> BundleRefused:
        return BundleRefused(
            _("%(path)s of the bundle %(bundle)s cannot be used: %(why)s.")
            % {"path": member.path, "bundle": self.name, "why": why},
            next=_("Copy the bundle again, or build it again."),
            member=member.path,
        )


def bundles_folder() -> Path:
    """The folder that bundles are put into, each under its name."""
    return Path(settings.BUNDLES)


def bundle_names() -> list[str]:
    """Names of the bundles that are there."""
    folder = bundles_folder()
    return sorted(place.parent.name for place in folder.glob("*/manifest.json")) if folder.is_dir() else []


def open_bundle(name: str) -> Bundle:
    """The bundle of a name. Raises BundleRefused."""
    try:
        root = bundles_folder() / grammar.bundle_name(name)
    except grammar.Malformed as malformed:
        raise BundleRefused(malformed.detail) from None
    try:
        with (root / "manifest.json").open("rb") as file:
            raw = file.read(MAX_MANIFEST_BYTES + 1)
        if len(raw) > MAX_MANIFEST_BYTES:
            raise ValueError(_("it is larger than 4 MiB"))
        return read_manifest(root, json.loads(raw))
    except FileNotFoundError:
        raise BundleRefused(
            _("There is no offline bundle %(name)s.") % {"name": name},
            next=_("Put it under %(folder)s, or choose one of: %(names)s.")
            % {"folder": "SLIPWAY_BUNDLES", "names": ", ".join(bundle_names()) or "-"},
        ) from None
    except (OSError, ValueError, RecursionError) as error:
        raise BundleRefused(
            _("The manifest of the bundle %(name)s cannot be read: %(why)s.") % {"name": name, "why": error},
            next=_("Build the bundle again."),
        ) from None


def read_manifest(root: Path, manifest: Any) -> Bundle:
    """A bundle out of its parsed manifest. Raises ValueError."""
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), list):
        raise ValueError(_("it has no list of files"))
    architecture = manifest.get("architecture")
    if architecture not in ARCHITECTURES:
        raise ValueError(_("its architecture is none of %(known)s") % {"known": ", ".join(ARCHITECTURES)})
    if len(manifest["files"]) > MAX_FILES:
        raise ValueError(_("it names more than %(most)d files") % {"most": MAX_FILES})
    members = tuple(_member(entry) for entry in manifest["files"])
    for what, values in (
        ("path", [member.path for member in members]),
        ("target", [member.target for member in members if member.target]),
    ):
        if len(set(values)) != len(values):
            raise ValueError(_("it names a %(what)s twice") % {"what": what})
    return Bundle(
        name=grammar.bundle_name(manifest.get("name")),
        root=root,
        kubernetes_version=grammar.version(manifest.get("kubernetes_version")),
        architecture=architecture,
        members=members,
    )


def _member(entry: Any) -> Member:
    if not isinstance(entry, dict):
        raise ValueError(_("an entry of its files is no object"))
    path, kind, sha256, size = (entry.get(key) for key in ("path", "kind", "sha256", "size"))
    if not isinstance(path, str) or not _PATH.match(path):
        raise ValueError(_("a path is not accepted: %(path)r") % {"path": path})
    if kind not in get_args(Kind):
        raise ValueError(_("%(path)s is of an unknown kind") % {"path": path})
    if not isinstance(sha256, str) or not _SHA256.match(sha256):
        raise ValueError(_("%(path)s has no SHA-256") % {"path": path})
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise ValueError(_("%(path)s has no size") % {"path": path})
    target = entry.get("target") or (f"{_FOLDERS[kind]}/{posixpath.basename(path)}" if kind in _FOLDERS else "")
    if target and (not isinstance(target, str) or not _TARGET.match(target) or not target.startswith(_TARGETS)):
        raise ValueError(_("%(path)s would be put at %(target)r") % {"path": path, "target": target})
    images = entry.get("images") or []
    if not isinstance(images, list) or not all(isinstance(one, str) and _IMAGE.match(one) for one in images):
        raise ValueError(_("%(path)s names an image that cannot be one") % {"path": path})
    return Member(path, cast("Kind", kind), sha256, size, target, tuple(images))
