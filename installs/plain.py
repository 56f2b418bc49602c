"""Rows of an install as the plain values of installs.shapes, and plans as rows."""

from __future__ import annotations

from dataclasses import asdict, fields, replace
from typing import Any

from installs.models import CheckRecord, Install, InstallHost, InstallStep
from installs.shapes import Acknowledged, CheckResult, Config, File, Fix, Host, Step

_CONFIG = tuple(field.name for field in fields(Config) if field.name != "name")


def config_of(install: Install) -> Config:
    """What the cluster shall be."""
    values = {name: install.config[name] for name in _CONFIG if name in install.config}
    if "cert_sans" in values:
        values["cert_sans"] = tuple(values["cert_sans"])
    return Config(name=install.name, **values)


def host_of(row: InstallHost) -> Host:
    """One host."""
    return Host(row.name, row.address, row.role, row.port, row.user)  # type: ignore[arg-type]


def hosts_of(install: Install, *, jump: bool = False) -> list[Host]:
    """The hosts in their order; those that only pass connections on are left out unless `jump`."""
    rows = install.hosts.defer("credential")
    return [host_of(row) for row in rows if jump or row.role != InstallHost.Role.JUMP]


def acknowledged_of(install: Install) -> list[Acknowledged]:
    """What people took on."""
    rows = install.checks.exclude(acknowledged_at=None)
    return [Acknowledged(row.host, row.check_name, row.acknowledged_reason) for row in rows]


def result_of(row: CheckRecord) -> CheckResult:
    """One check as it was last judged."""
    ways = [Fix(way["id"], way["title"], tuple(way["commands"])) for way in ways_of(row)]
    fix = replace(ways[0], alternatives=tuple(ways[1:])) if ways else None
    return CheckResult(
        row.host,
        row.check_name,
        row.severity,  # type: ignore[arg-type]
        row.status,  # type: ignore[arg-type]
        row.observed,
        row.expected,
        row.kubeadm_name,
        row.doc,
        fix,
    )


def ways_of(row: CheckRecord) -> list[dict[str, Any]]:
    """Each way to mend the finding as `{id, title, commands}`; the first is run unless another is chosen."""
    if not row.fix:
        return []
    first = {name: row.fix[name] for name in ("id", "title", "commands")}
    return [first, *row.fix.get("alternatives", ())]


def fix_values(fix: Fix | None) -> dict[str, Any] | None:
    """The column of CheckRecord for a fix."""
    return {**_way(fix), "alternatives": [_way(one) for one in fix.alternatives]} if fix else None


def _way(fix: Fix) -> dict[str, Any]:
    return {"id": fix.id, "title": fix.title, "commands": list(fix.commands)}


def step_values(step: Step) -> dict[str, Any]:
    """The columns of InstallStep for a step of a plan."""
    rest = asdict(step)
    columns = {"key": rest.pop("id")} | {name: rest.pop(name) for name in ("host", "stage", "title")}
    return {**columns, "plan": rest}


def step_of(row: InstallStep) -> Step:
    """The step that a row was made of."""
    plan = dict(row.plan)
    files = tuple(File(**file) for file in plan.pop("files", ()))
    for name in ("needs", "gives"):
        plan[name] = tuple(plan.get(name, ()))
    return Step(id=row.key, host=row.host, stage=row.stage, title=row.title, files=files, **plan)
