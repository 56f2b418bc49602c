"""What may be asked for in `create`: the Deployment and Kubernetes Service that a new target shall get."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from services.images import parse_image
from services.rules.findings import Findings, escaped

FIELDS = {"image", "replicas", "port", "resources", "env", "probes"}
MOST_REPLICAS = 1000
PROBES = ["readiness", "liveness", "startup"]
_ENV_NAME = re.compile(r"\A[A-Za-z_][A-Za-z0-9_]{0,254}\Z")
_QUANTITY = re.compile(r"\A\d+(\.\d+)?([eE]\d+|[numkKMGTPE]i?)?\Z")


@dataclass(frozen=True)
class NewWorkload:
    """The accepted wish. Probes are as Kubernetes writes them; `port` 0 means no port and no Kubernetes Service."""

    image: str
    replicas: int = 1
    port: int = 0
    resources: dict[str, dict[str, str]] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    probes: dict[str, dict[str, Any]] = field(default_factory=dict)


def checked_workload(value: Any) -> NewWorkload:
    """The wish, cleaned. Raises Invalid with every finding, its pointers below `/create`."""
    findings = Findings()
    here = "/create"
    members = findings.members(here, value, known=FIELDS)
    image = members.get("image", "")
    try:
        parse_image(image if isinstance(image, str) else "")
    except ValueError as error:
        findings.add(f"{here}/image", "image", str(error))
    port = 0
    if members.get("port") is not None:
        port = findings.whole_number(f"{here}/port", members["port"], least=1, most=65_535)
    replicas = findings.whole_number(f"{here}/replicas", members.get("replicas", 1), least=0, most=MOST_REPLICAS)
    resources = _resources(findings, f"{here}/resources", members.get("resources") or {})
    env = _env(findings, f"{here}/env", members.get("env") or {})
    probes = _probes(findings, f"{here}/probes", members.get("probes") or {}, port)
    findings.raise_if_any()
    return NewWorkload(image, replicas, port, resources, env, probes)


def _resources(findings: Findings, here: str, value: Any) -> dict[str, dict[str, str]]:
    clean: dict[str, dict[str, str]] = {}
    for group, amounts in findings.members(here, value, known={"requests", "limits"}).items():
        if not isinstance(amounts, dict):
            findings.add(f"{here}/{group}", "type", _("This has to be an object such as {cpu: 100m, memory: 64Mi}."))
            continue
        for name, amount in amounts.items():
            if isinstance(amount, bool) or not _QUANTITY.match(str(amount)):
                findings.add(f"{here}/{group}/{escaped(name)}", "quantity", _("Give an amount such as 100m or 64Mi."))
            clean.setdefault(group, {})[str(name)] = str(amount)
    return clean


def _env(findings: Findings, here: str, value: Any) -> dict[str, str]:
    """Variables as an object, or as the list of `{name, value}` that manifests hold."""
    if isinstance(value, list):
        pairs = [(item.get("name"), item.get("value", "")) if isinstance(item, dict) else ("", "") for item in value]
    elif isinstance(value, dict):
        pairs = list(value.items())
    else:
        findings.add(here, "type", _("Give the variables as an object of names and texts."))
        return {}
    clean: dict[str, str] = {}
    for index, (name, text) in enumerate(pairs):
        step = str(index) if isinstance(value, list) else escaped(name)
        if not isinstance(name, str) or not _ENV_NAME.match(name):
            findings.add(f"{here}/{step}", "env_name", _("A variable is named by letters, digits and underscores."))
        elif not isinstance(text, str | int | float) or isinstance(text, bool):
            findings.add(f"{here}/{step}", "type", _("The value of a variable has to be a text."))
        else:
            clean[name] = findings.text(f"{here}/{step}", str(text), longest=32_768)
    return clean


def _probes(findings: Findings, here: str, value: Any, port: int) -> dict[str, dict[str, Any]]:
    """Probes by kind; `{path}` is short for an HTTP GET of the workload's own port."""
    clean: dict[str, dict[str, Any]] = {}
    for kind, probe in findings.members(here, value, known=set(PROBES)).items():
        if not isinstance(probe, dict):
            findings.add(f"{here}/{kind}", "type", _("Give a probe as {path: /healthz} or as Kubernetes writes it."))
        elif "path" in probe:
            clean[kind] = _short_probe(findings, f"{here}/{kind}", probe, port)
        else:
            clean[kind] = probe
    return clean


def _short_probe(findings: Findings, here: str, probe: dict[str, Any], port: int) -> dict[str, Any]:
    members = findings.members(here, probe, known={"path", "port", "period_seconds", "initial_delay_seconds"})
    path = findings.text(f"{here}/path", members["path"], longest=1024)
    if not path.startswith("/"):
        findings.add(f"{here}/path", "path", _("The path of a probe begins with a slash."))
    at = members.get("port", port)
    if not at:
        findings.add(f"{here}/port", "required", _("A probe by path needs a port."))
    full: dict[str, Any] = {"httpGet": {"path": path, "port": at}}
    for ours, theirs in (("period_seconds", "periodSeconds"), ("initial_delay_seconds", "initialDelaySeconds")):
        if ours in members:
            full[theirs] = findings.whole_number(f"{here}/{ours}", members[ours], least=0, most=3600)
    return full
