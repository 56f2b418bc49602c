"""Disks and swap."""

from __future__ import annotations

from installs.checks import fixes
from installs.checks.seen import Finding, Seen, failed, listed, passed, size, skipped, unknown, warned

_LEAST_FREE_MB = 20 * 1024
_GOOD_FREE_MB = 50 * 1024
_LEAST_ETCD_FREE_MB = 10 * 1024
_MOST_INODES_PERCENT = 90
_GOOD_FSYNC_MS = 10  # etcd's own advice for the 99th percentile
_MOST_FSYNC_MS = 50
_SWAP_DOC = "https://kubernetes.io/docs/concepts/cluster-administration/swap-memory-management/"
_ETCD_DOC = "https://etcd.io/docs/latest/op-guide/hardware/#disks"


def disk(seen: Seen) -> Finding:
    """Room for images, logs and volumes, on disks that are none of memory."""
    expected = (
        f"at least {size(_LEAST_FREE_MB)} free under /var/lib (better {size(_GOOD_FREE_MB)}), "
        f"less than {_MOST_INODES_PERCENT} % of the inodes in use, no tmpfs"
    )
    paths = ["/var/lib", "/var/lib/containerd", "/var/lib/kubelet"]
    if seen.is_control_plane:
        paths.append("/var/lib/etcd")
        expected += f"; {size(_LEAST_ETCD_FREE_MB)} free under /var/lib/etcd"
    known = {path: seen.get("disks", path) for path in paths}
    if any(found is None or found.get("free_mb") is None for found in known.values()):
        return unknown("the host did not say how much is free", expected)
    wrong: list[str] = []
    tight: list[str] = []
    for path, found in known.items():
        least = _LEAST_ETCD_FREE_MB if path == "/var/lib/etcd" else _LEAST_FREE_MB
        used = found.get("inodes_used_percent")
        if found.get("type") in ("tmpfs", "ramfs"):
            wrong.append(f"{path} is a {found['type']}")
        elif found["free_mb"] < least:
            wrong.append(f"{path} has {size(found['free_mb'])} free")
        elif found["free_mb"] < _GOOD_FREE_MB and path != "/var/lib/etcd":
            tight.append(f"{path} has {size(found['free_mb'])} free")
        if used is not None and used >= _MOST_INODES_PERCENT:
            wrong.append(f"{path} has {used} % of its inodes in use")
    if wrong:
        return failed("; ".join(wrong), expected)
    if tight:
        return warned("; ".join(tight), expected)
    return passed(f"{size(known['/var/lib']['free_mb'])} free under /var/lib", expected)


def etcd_disk(seen: Seen) -> Finding:
    """How long a write takes to be safe: etcd writes so before it answers."""
    expected = f"99 % of synced writes within {_GOOD_FSYNC_MS} ms, never more than {_MOST_FSYNC_MS} ms"
    if not seen.is_control_plane:
        return skipped("no etcd runs on a worker", expected, doc=_ETCD_DOC)
    found = seen.get("fsync")
    if not found:
        return unknown("it could not be measured", expected, severity="warning", doc=_ETCD_DOC)
    if found.get("p99_ms") is not None:
        time, observed = (
            found["p99_ms"],
            f"99 % within {found['p99_ms']:.1f} ms (fio, {found['average_ms']:.1f} ms on average)",
        )
    else:
        time, observed = (
            found["average_ms"],
            f"{found['average_ms']:.1f} ms on average of 100 writes (install fio for more)",
        )
    if time > _MOST_FSYNC_MS:
        return failed(observed, expected, doc=_ETCD_DOC)
    if time > _GOOD_FSYNC_MS:
        return warned(observed, expected, doc=_ETCD_DOC)
    return passed(observed, expected, doc=_ETCD_DOC)


def swap(seen: Seen) -> Finding:
    """Off, now and after the next boot: a kubelet refuses to start beside swap."""
    expected = "no swap, now and after a reboot"
    active = [f"{one['device']} ({size((one['size_kb'] or 0) // 1024)})" for one in seen.get("swaps") or []]
    at_boot = seen.get("fstab_swaps") or []
    fix = fixes.swap_off(bool(seen.get("zram_generator")))
    if active:
        return failed(listed(active), expected, kubeadm_name="Swap", fix=fix, doc=_SWAP_DOC)
    if at_boot and not seen.get("swap_target_masked"):
        return warned(f"off, but fstab brings it back: {listed(at_boot, 3)}", expected, fix=fix, doc=_SWAP_DOC)
    return passed("off", expected, doc=_SWAP_DOC)
