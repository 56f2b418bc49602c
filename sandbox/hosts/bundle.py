"""The offline bundle that machines are installed from: built from Go modules and Debian, once, into the user's cache.

Its format is that of the portal's bundles for sites without internet: see `installs.bundle`.
"""

import hashlib
import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sandbox.build import CONTROL_PLANE, KUBERNETES, Programs, Tool, bin_folder, build_programs
from sandbox.errors import BuildFailed
from sandbox.files import locked, write_atomically
from sandbox.hosts import base
from sandbox.hosts.images import ARCHITECTURES, Image, write_image
from sandbox.hosts.userland import Userland, collect
from sandbox.paths import PACKAGE, StateFolder, cache_folder
from sandbox.progress import Progress, Report

HERE = PACKAGE / "hosts"
PACKAGED = HERE / "packaged"
OWN_CODE = [HERE / name for name in ("bundle.py", "images.py", "userland.py")]
NODE = Programs(
    HERE / "kubernetes",
    (
        Tool("kubelet", "k8s.io/kubernetes/cmd/kubelet"),
        Tool("kubeadm", "k8s.io/kubernetes/cmd/kubeadm"),
        Tool("kubectl", "k8s.io/kubernetes/cmd/kubectl"),
        Tool("kube-proxy", "k8s.io/kubernetes/cmd/kube-proxy"),
        Tool("crictl", "sigs.k8s.io/cri-tools/cmd/crictl"),
        Tool("etcdctl", "go.etcd.io/etcd/etcdctl/v3"),
        Tool("pause", "./pause"),
        # Both are compiled with the Kubernetes libraries of the rest, which halves what there is to compile.
        Tool("coredns", "./dns"),
        Tool("kube-router", "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"),
    ),
)
_CONTAINERD = "github.com/containerd/containerd/v2/cmd"
_PLUGINS = "github.com/containernetworking/plugins/plugins"
RUNTIME = Programs(
    HERE / "runtime",
    (
        Tool("containerd", f"{_CONTAINERD}/containerd"),
        Tool("containerd-shim-runc-v2", f"{_CONTAINERD}/containerd-shim-runc-v2"),
        Tool("ctr", f"{_CONTAINERD}/ctr"),
        Tool("bridge", f"{_PLUGINS}/main/bridge"),
        Tool("loopback", f"{_PLUGINS}/main/loopback"),
        Tool("ptp", f"{_PLUGINS}/main/ptp"),
        Tool("host-local", f"{_PLUGINS}/ipam/host-local"),
        Tool("portmap", f"{_PLUGINS}/meta/portmap"),
    ),
)


@dataclass(frozen=True)
class Recipe:
    """What a bundle is made of. A program that two sets have is taken from the later one."""

    name: str
    kubernetes: str
    sets: tuple[Programs, ...]


def _named(programs: Programs, version: str) -> Programs:
    """The programs of Kubernetes itself under the name of another version."""
    tools = tuple(tool for tool in programs.tools if tool.package.startswith("k8s.io/kubernetes/"))
    return replace(programs, tools=tools, version=version)


SANDBOX = Recipe("sandbox", KUBERNETES, (CONTROL_PLANE, NODE, RUNTIME))
# Upgrades need something to come from: kubeadm goes by what it and the others say they are.
OLDER_KUBERNETES = "v1.36.0"
OLDER = Recipe(
    "sandbox-older",
    OLDER_KUBERNETES,
    (*SANDBOX.sets, _named(CONTROL_PLANE, OLDER_KUBERNETES), _named(NODE, OLDER_KUBERNETES)),
)
ROUTER_VERSION = "v2.1.0"

BINARIES = ("kubeadm", "kubelet", "kubectl", "crictl", "containerd", "containerd-shim-runc-v2", "ctr", "runc")
CNI_PLUGINS = ("bridge", "loopback", "ptp", "host-local", "portmap")
UNITS = {
    "containerd.service": "/etc/systemd/system/containerd.service",
    "kubelet.service": "/etc/systemd/system/kubelet.service",
    "10-kubeadm.conf": "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf",
}
# Programs in these images call others: iptables, ipset, a shell.
WITH_USERLAND = ("kube-proxy", "kube-router")


def bundle_folder(recipe: Recipe = SANDBOX) -> Path:
    """Where the bundle of this checkout belongs in the user's cache."""
    parts = [recipe.name, *(str(bin_folder(programs)) for programs in recipe.sets), str(base.base_folder())]
    parts += [file.read_text(encoding="utf-8") for file in [*sorted(PACKAGED.iterdir()), *OWN_CODE]]
    return cache_folder() / "bundles" / hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def is_built(recipe: Recipe = SANDBOX) -> bool:
    """Whether the bundle is in the cache."""
    return (bundle_folder(recipe) / "manifest.json").exists()


def build_bundle(report: Report, recipe: Recipe = SANDBOX) -> Path:
    """Have the bundle in the cache and return its folder. Raises BuildFailed."""
    folder = bundle_folder(recipe)
    if is_built(recipe):
        return folder
    with _timed("the machines' Debian", report):
        root = base.make(report)
    for programs in recipe.sets:
        with _timed(f"{programs.tools[0].name} and what goes with it", report):
            build_programs(programs, report)
    with locked(folder.with_suffix(".lock")), _timed("the bundle itself", report):
        if not (folder / "manifest.json").exists():
            partial = folder.with_name(f".{folder.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            _assemble(partial, recipe, root, report)
            partial.rename(folder)
    return folder


@contextmanager
def _timed(what: str, report: Report) -> Iterator[None]:
    """Say how long it took, so that a log of continuous integration tells where its minutes went."""
    started = time.monotonic()
    yield
    report(Progress("building", f"{what} is done", f"{what}: {time.monotonic() - started:.0f} s", fraction=1.0))


def offer(folder: Path, recipe: Recipe = SANDBOX) -> Path | None:
    """Put the bundle where the portal of `$SLIPWAY_HOME` looks for bundles; None when no home is named."""
    if not os.environ.get("SLIPWAY_HOME"):
        return None
    link = StateFolder.of().home / "bundles" / recipe.name
    link.parent.mkdir(parents=True, exist_ok=True)
    if link.is_symlink():
        link.unlink()
    if not link.exists():
        link.symlink_to(folder, target_is_directory=True)
    return link


def _assemble(folder: Path, recipe: Recipe, root: Path, report: Report) -> None:
    programs = {tool.name: bin_folder(each) / tool.name for each in recipe.sets for tool in each.tools}
    programs["runc"] = base.runc()
    files = [
        *(_member(folder, _link(folder / "bin" / name, programs[name]), "binary") for name in BINARIES),
        *(_member(folder, _link(folder / "cni" / name, programs[name]), "cni_plugin") for name in CNI_PLUGINS),
        *(_member(folder, _copy(folder / "units" / name), "unit", target=target) for name, target in UNITS.items()),
    ]
    manifest = folder / "manifests/kube-router.yaml"
    text = (PACKAGED / manifest.name).read_text(encoding="utf-8").replace("@ROUTER@", ROUTER_VERSION)
    write_atomically(manifest, text, mode=0o644)
    files.append(_member(folder, manifest, "manifest"))
    (folder / "images").mkdir()
    images = list(_images(programs, recipe.kubernetes, root))
    for done, image in enumerate(images, 1):
        path = folder / "images" / f"{_short(image.name)}.tar"
        fraction = done / (len(images) + 1)
        report(Progress("building", "bundle", f"packing {image.name}", done, len(images), fraction))
        write_image(path, image, architecture())
        files.append(_member(folder, path, "image", images=[image.name]))
    described = {
        "name": recipe.name,
        "kubernetes_version": recipe.kubernetes,
        "architecture": architecture(),
        "files": files,
    }
    write_atomically(folder / "manifest.json", json.dumps(described, indent=1), mode=0o644)


def architecture() -> str:
    """This computer's, as Kubernetes calls it. Raises BuildFailed for one that it does not know."""
    found = ARCHITECTURES.get(platform.machine())
    if found is None:
        raise BuildFailed(f"There is no bundle for {platform.machine()}", next="Use amd64 or arm64")
    return found


def _images(programs: dict[str, Path], kubernetes: str, root: Path) -> Iterator[Image]:
    userland = collect(root)
    listed = _kubeadm_images(programs["kubeadm"], kubernetes)
    for name in [*listed, f"docker.io/cloudnativelabs/kube-router:{ROUTER_VERSION}"]:
        short = _short(name)
        files = {f"/usr/local/bin/{short}": programs[short]}
        if short == "etcd":
            files["/usr/local/bin/etcdctl"] = programs["etcdctl"]
        borrowed = userland if short in WITH_USERLAND else Userland()
        yield Image(name, borrowed.files | files, (f"/usr/local/bin/{short}",), links=borrowed.links)


def _kubeadm_images(kubeadm: Path, kubernetes: str) -> list[str]:
    words = [str(kubeadm), "config", "images", "list", "--kubernetes-version", kubernetes]
    listed = subprocess.run(words, check=False, capture_output=True, text=True)
    if listed.returncode != 0:
        raise BuildFailed("kubeadm does not say which images it needs", why=listed.stderr.strip())
    return listed.stdout.split()


def _short(image: str) -> str:
    return image.rpartition("/")[2].partition(":")[0]


def _link(path: Path, source: Path) -> Path:
    """The same file under another name: a bundle takes hardly more of the disk than what it was made from."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.hardlink_to(source)
    except OSError:
        shutil.copy2(source, path)
    return path


def _copy(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(PACKAGED / path.name, path))


def _member(folder: Path, path: Path, kind: str, **more: Any) -> dict[str, Any]:
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    place = str(path.relative_to(folder))
    return {"path": place, "kind": kind, "sha256": digest, "size": path.stat().st_size, **more}
