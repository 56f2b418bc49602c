"""What has to open before a release goes on, as its row tells it: the approval and the window that hold it now."""

from __future__ import annotations

from deployments.engine.json import Json
from deployments.models import Phase, Release


def gate_facts(release: Release) -> list[Json]:
    """`{kind, status, gate?, name?, until?, since}` of each gate that holds the release. No query."""
    if release.ended or release.phase == Phase.ABORTING:
        return []
    gates = release.state.get("gates") or {}
    waits, window = gates.get("waits"), gates.get("window")
    return [
        *([{"kind": "approval", "status": "pending", "gate": waits["gate"], "since": waits["since"]}] if waits else []),
        *([{"kind": "freeze_window", "status": "closed", **window}] if window else []),
    ]
