"""The offline bundle: images without a container runtime, and what a manifest says about every file."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from sandbox.build import flags
from sandbox.hosts import bundle
from sandbox.hosts.images import Image, write_image


@pytest.fixture
def program(tmp_path: Path) -> Path:
    path = tmp_path / "program"
    path.write_bytes(b"\x7fELF" + bytes(1000))
    path.chmod(0o755)
    return path


def blobs_of(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as opened:
        return {member.name: opened.extractfile(member).read() for member in opened if member.isfile()}


def test_an_image_is_an_oci_layout_whose_digests_hold(tmp_path: Path, program: Path) -> None:
    image = Image("example.test/tools/program:v1", {"/usr/bin/program": program}, ("/usr/bin/program",))
    write_image(tmp_path / "image.tar", image, "amd64")

    blobs = blobs_of(tmp_path / "image.tar")
    for name, content in blobs.items():
        if name.startswith("blobs/"):
            assert name.rpartition("/")[2] == hashlib.sha256(content).hexdigest()
    (described,) = json.loads(blobs["index.json"])["manifests"]
    assert described["annotations"]["io.containerd.image.name"] == "example.test/tools/program:v1"
    manifest = json.loads(blobs["blobs/sha256/" + described["digest"].removeprefix("sha256:")])
    config = json.loads(blobs["blobs/sha256/" + manifest["config"]["digest"].removeprefix("sha256:")])
    layer = gzip.decompress(blobs["blobs/sha256/" + manifest["layers"][0]["digest"].removeprefix("sha256:")])
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    assert config["config"]["Entrypoint"] == ["/usr/bin/program"]


def test_the_same_files_give_the_same_image(tmp_path: Path, program: Path) -> None:
    image = Image("example.test/program:v1", {"/program": program}, ("/program",))
    for name in ("one.tar", "two.tar"):
        write_image(tmp_path / name, image, "amd64")

    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_a_layer_has_its_folders_before_its_files_and_links_in_place_of_folders(tmp_path: Path, program: Path) -> None:
    links = {"/bin": "usr/bin", "/usr/bin/other": "program"}
    image = Image("example.test/program:v1", {"/usr/bin/program": program}, ("/bin/program",), links=links)
    write_image(tmp_path / "image.tar", image, "amd64")

    largest = max(blobs_of(tmp_path / "image.tar").values(), key=lambda content: content[:2] == b"\x1f\x8b")
    (tmp_path / "layer.tar").write_bytes(gzip.decompress(largest))
    with tarfile.open(tmp_path / "layer.tar") as layer:
        entries = {entry.name: entry for entry in layer}
    assert list(entries) == ["tmp", "usr", "usr/bin", "bin", "usr/bin/other", "usr/bin/program"]
    assert entries["bin"].issym() and entries["usr/bin/program"].mode == 0o755


@pytest.mark.parametrize(("recipe", "flag"), [(bundle.SANDBOX, ""), (bundle.OLDER, " --older")], ids=["now", "older"])
def test_the_built_bundle_is_what_its_manifest_says(recipe: bundle.Recipe, flag: str) -> None:
    if not bundle.is_built(recipe):
        pytest.skip(f"no bundle here: run `python -m sandbox hosts bundle{flag}` once (Linux, root)")
    folder = bundle.bundle_folder(recipe)
    described = json.loads((folder / "manifest.json").read_text())

    assert (described["name"], described["kubernetes_version"]) == (recipe.name, recipe.kubernetes)
    said = subprocess.run(
        [folder / "bin/kubeadm", "version", "-o", "short"], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == recipe.kubernetes
    for member in described["files"]:
        content = (folder / member["path"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (member["size"], member["sha256"])
    images = {name for member in described["files"] for name in member.get("images", [])}
    assert {f"registry.k8s.io/{each}:{recipe.kubernetes}" for each in ("kube-apiserver", "kube-proxy")} <= images
    assert {Path(member["path"]).name for member in described["files"]} >= {*bundle.BINARIES, *bundle.CNI_PLUGINS}


def test_the_older_bundle_is_the_next_lower_minor_and_compiles_nothing_of_its_own() -> None:
    now, older = (tuple(map(int, recipe.kubernetes[1:].split("."))) for recipe in (bundle.SANDBOX, bundle.OLDER))

    assert older[:2] == (now[0], now[1] - 1)
    *others, said = flags(bundle.OLDER.kubernetes)
    assert others == list(flags(bundle.SANDBOX.kubernetes)[:-1])
    assert f"gitVersion={bundle.OLDER.kubernetes}" in said and f"gitMinor={older[1]}" in said
    assert {tool.name for programs in bundle.OLDER.sets[3:] for tool in programs.tools} == {
        *("kube-apiserver", "kube-controller-manager", "kube-scheduler"),
        *("kubelet", "kubeadm", "kubectl", "kube-proxy"),
    }
