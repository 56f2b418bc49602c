"""Reads what the script of facts printed: who and what the machine is. Its parts have files of their own."""

from __future__ import annotations

import re

from installs.facts import network_facts, program_facts, storage_facts
from installs.facts.limits import clean, decimal, pairs, sections, whole
from installs.shapes import Facts

_ARCHITECTURES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_CAP_SYS_RESOURCE = 24
_TIME_UNITS = ("chronyd", "chrony", "systemd-timesyncd", "ntpd", "ntp", "ntpsec")


def parse(output: str) -> Facts:
    """The facts in the output of SCRIPT, with every key of installs.facts. Never raises, whatever was printed."""
    said = sections(output)

    def lines(name: str) -> list[str]:
        return [line for line in said.get(name, ()) if line.strip()]

    def first(name: str) -> str:
        return clean((lines(name) or [""])[0])

    units = {
        name: (value.partition(",")[0], value.partition(",")[2]) for name, value in pairs(said.get("units", ())).items()
    }
    machine = first("machine")
    uid = whole(first("uid"))
    return {
        "complete": "end" in said and "slipway" in said and "skipped" not in said,
        "is_root": uid == 0,
        "uid": uid,
        "os": _os(lines("os")),
        "systemd": first("systemd") == "yes",
        "container": "" if first("container") == "none" else first("container"),
        "machine": machine,
        "architecture": _ARCHITECTURES.get(machine, machine),
        "cpus": whole(first("cpus")),
        "memory_mb": _memory(first("memory")),
        "kernel": first("kernel"),
        "kernel_config": _kernel_config(lines("kernel_config")),
        "cgroup": _cgroup(lines("cgroup")),
        "may_lower_oom_score": _has_capability(first("capabilities"), _CAP_SYS_RESOURCE),
        "may_set_conntrack": first("conntrack") != "no",
        **storage_facts.read(lines),
        "sysctl": pairs(lines("sysctl")),
        "modules": pairs(lines("modules")),
        **program_facts.read(lines, units),
        "hostname": first("hostname"),
        "product_uuid": first("product_uuid").lower(),
        "machine_id": first("machine_id").lower(),
        "time": _time(lines("time_service"), lines("chrony"), first("date"), units),
        **network_facts.read(lines, units),
    }


def _os(lines: list[str]) -> dict[str, object]:
    said = {name: value.strip("\"'") for name, value in pairs(lines).items()}
    return {
        "id": said.get("ID", "").lower(),
        "id_like": said.get("ID_LIKE", "").lower().split()[:8],
        "version": said.get("VERSION_ID", ""),
        "name": said.get("PRETTY_NAME", "") or said.get("NAME", ""),
    }


def _memory(line: str) -> int | None:
    found = re.fullmatch(r"MemTotal:\s*(\d{1,15}) kB", line)
    return int(found[1]) // 1024 if found else None


def _kernel_config(lines: list[str]) -> dict[str, object]:
    said = pairs(lines)
    source = said.pop("source", "")
    return {
        "source": source,
        "options": {name.removeprefix("CONFIG_"): value for name, value in said.items() if value in ("y", "m")},
    }


def _cgroup(lines: list[str]) -> dict[str, object]:
    kind = ""
    v1: list[str] = []
    v2: list[str] = []
    for line in lines:
        name, _equals, value = line.partition("=")
        if name == "type":
            kind = clean(value)
        elif name == "v2":
            v2 = clean(value).split()[:32]
        elif name == "v1":
            fields = value.split()
            # /proc/cgroups: name, hierarchy, number of groups, enabled. Hierarchy 0 is mounted nowhere as v1.
            if len(fields) == 4 and fields[3] == "1" and fields[1] != "0" and len(v1) < 32:
                v1.append(clean(fields[0], 32))
    if kind == "cgroup2fs":
        return {"version": 2, "controllers": sorted(v2)}
    return {"version": 1 if v1 else 0, "controllers": sorted(v1)}


def _has_capability(line: str, number: int) -> bool | None:
    found = re.fullmatch(r"CapEff:\s*([0-9a-f]{1,16})", line)
    return bool(int(found[1], 16) >> number & 1) if found else None


def _time(service: list[str], chrony: list[str], date: str, units: dict[str, tuple[str, str]]) -> dict[str, object]:
    said = pairs(service)
    synchronised = {"yes": True, "no": False}.get(said.get("NTPSynchronized", ""))
    for line in (*service, *chrony):
        name, _colon, value = line.partition(":")
        if name.strip() == "System clock synchronized":
            synchronised = value.strip() == "yes"
        elif name.strip() == "Leap status":
            synchronised = synchronised or value.strip() != "Not synchronised"
    active = [name for name in _TIME_UNITS if units.get(name, ("",))[0] == "active"]
    return {"epoch": decimal(date), "synchronised": synchronised, "service": active[0] if active else ""}
