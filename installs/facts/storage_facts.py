"""Disks, how long a write to them takes, and swap."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from installs.facts.limits import MOST_ITEMS, clean, whole

_COPIED = re.compile(r"^(\d{1,12}) bytes .*copied, ([0-9.]{1,15}(?:e-?\d{1,2})?) s")
_DD_WRITES = 100


def read(lines: Callable[[str], list[str]]) -> dict[str, Any]:
    """The keys disks, fsync, swaps, fstab_swaps and swap_target_masked."""
    return {
        "disks": _disks(lines("disks")),
        "fsync": _fsync(lines("fsync")),
        "swaps": _swaps(lines("swaps")),
        "fstab_swaps": [clean(line) for line in lines("fstab_swaps")[:MOST_ITEMS]],
        "swap_target_masked": any(line.strip() == "masked" for line in lines("swap_units")),
        "zram_generator": [clean(line) for line in lines("swap_units") if line.startswith("/")][:4],
    }


def _disks(lines: list[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    disk: dict[str, Any] = {}
    for line in lines:
        name, _equals, value = line.partition("=")
        if name == "path" and len(found) < 16:
            disk = found.setdefault(
                clean(value), {"type": "", "device": "", "size_mb": None, "free_mb": None, "inodes_used_percent": None}
            )
        elif name == "type":
            disk["type"] = clean(value, 32)
        # df's columns: device, total, used, free, percent, mount point.
        fields = value.split()
        if name == "space" and len(fields) >= 6:
            size, free = whole(fields[1]), whole(fields[3])
            disk["device"] = clean(fields[0])
            disk["size_mb"] = None if size is None else size // 1024
            disk["free_mb"] = None if free is None else free // 1024
        elif name == "inodes" and len(fields) >= 6:
            disk["inodes_used_percent"] = whole(fields[4].rstrip("%"))
    return found


def _fsync(lines: list[str]) -> dict[str, Any] | None:
    for line in lines:
        copied = _COPIED.match(line)
        if copied is not None:
            try:
                seconds = float(copied[2])
            except ValueError:
                return None
            return {"tool": "dd", "p99_ms": None, "average_ms": round(seconds * 1000 / _DD_WRITES, 2)}
    text = "\n".join(lines)
    try:
        report = json.loads(text[text.index("{") :])
        times = report["jobs"][0]["sync"]["lat_ns"]
        worst, mean = float(times["percentile"]["99.000000"]) / 1e6, float(times["mean"]) / 1e6
    except (ValueError, KeyError, IndexError, TypeError, RecursionError, AttributeError):
        return None
    if not (0 <= worst < 1e9 and 0 <= mean < 1e9):
        return None
    return {"tool": "fio", "p99_ms": round(worst, 2), "average_ms": round(mean, 2)}


def _swaps(lines: list[str]) -> list[dict[str, Any]]:
    found = []
    for line in lines[:MOST_ITEMS]:
        fields = line.split()
        if len(fields) >= 3 and fields[0] != "Filename":
            found.append({"device": clean(fields[0]), "size_kb": whole(fields[2])})
    return found
