"""The kinds that Istio and the Gateway API define, from their Go modules: fetched once, applied once a cluster.

No code of either runs here: what is written to these objects is validated by the real schemas, and nothing acts on it.
"""

import hashlib
import json
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from sandbox import toolchain
from sandbox.errors import BuildFailed, StartFailed
from sandbox.files import locked, write_atomically
from sandbox.kubernetes_api import KubernetesApi
from sandbox.paths import PACKAGE, cache_folder
from sandbox.progress import Progress, Report

FIELD_MANAGER = "sandbox-definitions"
MODULE = PACKAGE / "crds"
# Which files of a module hold its definitions.
SOURCES = {
    "istio.io/api": "kubernetes/customresourcedefinitions.gen.yaml",
    "sigs.k8s.io/gateway-api": "config/crd/standard/*.yaml",
}
MARKER_PATH = "/api/v1/namespaces/kube-system/configmaps/sandbox-definitions"
FETCH_WITHIN_SECONDS = 300
# The API server works on each for a sixth of a second of its processor's time, on the largest for more; a machine that
# is busy otherwise takes its time. More at once than there are cores gains nothing.
APPLIED_AT_ONCE, APPLY_WITHIN_SECONDS = 2, 40.0


def is_fetched() -> bool:
    """Whether the definitions of this checkout's pins are in the user's cache."""
    return cached().exists()


def fetch(report: Report) -> None:
    """Have the definitions in the user's cache. Raises BuildFailed when the modules cannot be had."""
    if is_fetched():
        return
    with locked(cached().with_suffix(".lock")):
        if not is_fetched():
            report(Progress("building", "definitions", "fetching the kinds of Istio and the Gateway API"))
            found = [item for name, folder in _download().items() for item in _definitions_in(name, folder)]
            write_atomically(cached(), json.dumps(found), mode=0o644)


def apply_definitions_once(api: KubernetesApi) -> bool:
    """Apply the definitions unless these have been applied before; answers whether it did. Raises StartFailed.

    Their kinds are served some moments after: see `are_served`.
    """
    digest = _digest()
    marker = api.get(MARKER_PATH)
    if marker is not None and marker["data"].get("digest") == digest:
        return False
    with ThreadPoolExecutor(APPLIED_AT_ONCE) as pool:
        list(pool.map(lambda item: _apply(api, item), definitions()))
    api.apply(_marker(digest), manager=FIELD_MANAGER)
    return True


def _apply(api: KubernetesApi, item: dict[str, Any]) -> None:
    api.apply(item, manager=FIELD_MANAGER, within_seconds=APPLY_WITHIN_SECONDS)


def are_served(api: KubernetesApi) -> bool:
    """Whether the API server answers for every kind that was applied. Raises StartFailed."""
    plurals: dict[str, set[str]] = {}
    for item in definitions():
        for version in item["spec"]["versions"]:
            if version["served"]:
                group_version = f"{item['spec']['group']}/{version['name']}"
                plurals.setdefault(group_version, set()).add(item["spec"]["names"]["plural"])
    for group_version, expected in plurals.items():
        found = api.get(f"/apis/{group_version}") or {"resources": []}
        if not expected <= {resource["name"] for resource in found["resources"]}:
            return False
    return True


def definitions() -> list[dict[str, Any]]:
    """The CustomResourceDefinitions. Raises StartFailed when they were not fetched."""
    try:
        found: list[dict[str, Any]] = json.loads(cached().read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise StartFailed(
            "The kinds of Istio and the Gateway API are missing", next="Run `python -m sandbox build`"
        ) from error
    return found


def _digest() -> str:
    parts = [(MODULE / name).read_bytes() for name in ("go.mod", "go.sum")]
    parts += [Path(__file__).read_bytes()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def cached() -> Path:
    """Where the definitions of this checkout's pins belong in the user's cache."""
    return cache_folder() / "definitions" / f"{_digest()}.json"


def _download() -> dict[str, Path]:
    """Where Go has unpacked each module, its content checked against go.sum."""
    go = toolchain.own_go() or toolchain.wheel_go()
    doing, hint = "Fetching the kinds of Istio and the Gateway API", toolchain.PROXY_HINT
    try:
        done = subprocess.run(
            [str(go), "mod", "download", "-json", *SOURCES],
            cwd=MODULE,
            env=toolchain.environment(),
            check=False,
            capture_output=True,
            text=True,
            timeout=FETCH_WITHIN_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BuildFailed(f"{doing} failed", why=str(error), next=hint) from error
    found = list(_documents(done.stdout))
    errors = [item["Error"] for item in found if "Error" in item]
    if done.returncode != 0 or errors:
        raise BuildFailed(f"{doing} failed", why="\n".join(errors) or done.stderr.strip()[-2000:], next=hint)
    return {item["Path"]: Path(item["Dir"]) for item in found}


def _documents(text: str) -> list[dict[str, Any]]:
    """JSON documents that stand one after the other."""
    decoder, found, rest = json.JSONDecoder(), [], text.lstrip()
    while rest:
        item, end = decoder.raw_decode(rest)
        found.append(item)
        rest = rest[end:].lstrip()
    return found


def _definitions_in(module: str, folder: Path) -> list[dict[str, Any]]:
    documents = [
        document
        for file in sorted(folder.glob(SOURCES[module]))
        for document in yaml.load_all(file.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    ]
    found = [_terse(item) for item in documents if item and item["kind"] == "CustomResourceDefinition"]
    if not found:
        raise BuildFailed(f"{module} holds no definitions in {SOURCES[module]}", next="Look at its version in go.mod")
    return found


def _terse(value: Any) -> Any:
    """`value` without descriptions. They are two thirds of a schema and validate nothing.

    Without them the API server takes in all kinds with 3.6 s of processor time instead of some ten.
    """
    if isinstance(value, dict):
        # A property may itself be called description; then what it holds is a schema.
        return {key: _terse(item) for key, item in value.items() if key != "description" or not isinstance(item, str)}
    return [_terse(item) for item in value] if isinstance(value, list) else value


def _marker(digest: str) -> dict[str, Any]:
    about = (
        "Istio's and the Gateway API's kinds have been applied. Delete this to have that done again at the next start."
    )
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "sandbox-definitions", "namespace": "kube-system"},
        "data": {"about": about, "digest": digest},
    }
