"""Offline bundles: what is read out of one, and that nothing else than its manifest says comes onto a host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from installs.bundle import Bundle, BundleRefused, bundle_names, open_bundle
from tests.installs import site


@pytest.fixture
def folder(tmp_path: Path, settings: Any) -> Path:
    settings.BUNDLES = tmp_path / "bundles"
    (settings.BUNDLES / "site").mkdir(parents=True)
    return settings.BUNDLES / "site"


def test_it_is_opened_by_name_and_read_by_path(folder: Path) -> None:
    site.bundle(folder)

    opened = open_bundle("site")

    opened.verify()
    assert bundle_names() == ["site"]
    assert (opened.kubernetes_version, opened.architecture) == (site.VERSION, "amd64")
    assert opened.read("bin/kubeadm") == f"bin/kubeadm {site.VERSION}\n".encode()
    assert opened.member("bin/kubeadm").target == "/usr/local/bin/kubeadm"
    assert opened.member("cni/bridge").target == "/opt/cni/bin/bridge"
    assert opened.images() == {"registry.k8s.io/pause:3.10.2", "registry.k8s.io/etcd:3.7.0-0"}
    assert opened.manifest("kube-router") and not opened.manifest("calico")


def test_the_folder_may_be_a_link_but_no_file_leads_out_of_it(folder: Path, tmp_path: Path) -> None:
    built = tmp_path / "built"
    built.mkdir()
    site.bundle(built)
    folder.rmdir()
    folder.symlink_to(built)
    open_bundle("site").verify()

    secret = tmp_path / "secret"
    secret.write_bytes((built / "bin/kubeadm").read_bytes())
    (built / "bin/kubeadm").unlink()
    (built / "bin/kubeadm").symlink_to(secret)

    with pytest.raises(BundleRefused, match="missing or lies elsewhere"):
        open_bundle("site").read("bin/kubeadm")


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda file: file.write_bytes(b"x" * file.stat().st_size), "SHA-256"),
        (lambda file: file.write_bytes(file.read_bytes() + b"x"), "larger"),
        (lambda file: file.write_bytes(file.read_bytes()[:-1]), "SHA-256"),
        (lambda file: file.unlink(), "missing"),
    ],
    ids=["changed", "longer", "shorter", "gone"],
)
def test_a_spoilt_file_is_found(folder: Path, spoil: Any, why: str) -> None:
    site.bundle(folder)
    spoil(folder / "images/pause.tar")

    with pytest.raises(BundleRefused, match=why):
        open_bundle("site").verify()


@pytest.mark.parametrize("name", ["", "..", "../site", "a/b", "/etc", "none", "a\nb"])
def test_no_other_folder_is_opened(folder: Path, name: str) -> None:
    site.bundle(folder)

    with pytest.raises(BundleRefused):
        open_bundle(name)


def entry(**changed: Any) -> dict[str, Any]:
    return {"path": "bin/kubeadm", "kind": "binary", "sha256": "0" * 64, "size": 1} | changed


@pytest.mark.parametrize(
    "manifest",
    [
        "not json",
        "[]",
        "[" * 100_000,
        json.dumps({"files": "none"}),
        *(
            json.dumps({"name": "site", "kubernetes_version": "v1.37.2", "architecture": "amd64"} | changed)
            for changed in (
                {},
                {"files": [], "name": "../site"},
                {"files": [], "kubernetes_version": "latest"},
                {"files": [], "architecture": "mips"},
                {"files": ["bin/kubeadm"]},
                {"files": [entry(), entry()]},
                {"files": [entry(), entry(path="bin/other", target="/usr/local/bin/kubeadm")]},
                {"files": [entry(path="../kubeadm")]},
                {"files": [entry(path="/etc/passwd")]},
                {"files": [entry(path="bin/$(reboot)")]},
                {"files": [entry(path="bin/-rf")]},
                {"files": [entry(kind="script")]},
                {"files": [entry(sha256="0")]},
                {"files": [entry(size=-1)]},
                {"files": [entry(size=True)]},
                {"files": [entry(target="/etc/shadow")]},
                {"files": [entry(target="/usr/local/../../etc/shadow")]},
                {"files": [entry(target="/usr/local/bin/a b")]},
                {"files": [entry(images=["a;reboot"])]},
                {"files": [entry(images="x")]},
            )
        ),
    ],
    ids=lambda manifest: manifest[-80:],
)
def test_a_manifest_in_another_format_is_refused(folder: Path, manifest: str) -> None:
    (folder / "manifest.json").write_text(manifest)

    with pytest.raises(BundleRefused):
        open_bundle("site")


def test_what_the_manifest_does_not_name_is_not_read(folder: Path) -> None:
    opened: Bundle = site.bundle(folder)
    (folder / "bin/extra").write_text("x")

    with pytest.raises(BundleRefused, match="has no file"):
        opened.read("bin/extra")
