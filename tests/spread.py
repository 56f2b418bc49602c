"""How tests are spread over the workers of a run."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling

# Their tests share a portal with a cluster of its own, which takes half a minute to start: one worker has all of them.
ONE_PORTAL = {
    "tests/cli/": "cli",
    "tests/faults/test_canary_kills": "faults",
    "tests/faults/test_kills": "faults",
    "tests/faults/test_portal_faults": "faults",
    "tests/faults/test_random_kills": "faults",
}


class ByFile(LoadFileScheduling):
    """A file at a time, and what shares a portal all together."""

    def _split_scope(self, nodeid: str) -> str:
        """The unit that a test belongs to."""
        return next((unit for begin, unit in ONE_PORTAL.items() if nodeid.startswith(begin)), nodeid.split("::", 1)[0])
