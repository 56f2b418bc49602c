"""Which errors a person may take on with a reason. All others must be mended before an install may start."""

# The cluster can work in spite of these, and only the person knows.
_OVERRIDABLE = frozenset({"os", "kernel_config", "disk", "etcd_disk", "swap", "cni", "time", "memory", "cpu"})


def may_be_overridden(check: str) -> bool:
    """Whether a failed check of this name may be acknowledged like a warning."""
    return check in _OVERRIDABLE
