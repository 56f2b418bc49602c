"""What has to open before a release goes on, as its row tells it: the approval, the window and the promotion gate that
hold it now."""

from __future__ import annotations

from deployments.engine.json import Json
from deployments.models import Phase, Release


def gate_facts(release: Release) -> list[Json]:
    """`{kind, status, gate?, name?, from?, until?, since}` of each gate that holds the release. No query."""
    if release.ended or release.phase == Phase.ABORTING:
        return []
    gates = release.state.get("gates") or {}
    waits, window, promotion = (gates.get(name) for name in ("waits", "window", "promotion"))
    return [
        *([{"kind": "approval", "status": "pending", "gate": waits["gate"], "since": waits["since"]}] if waits else []),
        *([{"kind": "freeze_window", "status": "closed", **window}] if window else []),
        *([_promotion(promotion)] if promotion else []),
    ]


def _promotion(held: Json) -> Json:
    facts = {"kind": "promotion", "status": "closed", "from": held["from"], "since": held["since"]}
    return {**facts, "until": held["until"]} if held["until"] else facts
