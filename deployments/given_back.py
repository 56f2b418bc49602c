"""The workload as it will be once a release of ours that holds it in place has given it back."""

from __future__ import annotations

import json

from deployments.engine.json import Json
from deployments.engine.workload import ORIGINALS, claim_of


def as_given_back(deployment: Json, portal: str) -> Json:
    """A Deployment held in place by this portal, with the template and the strategy that its release put aside; any
    other as it is."""
    kept = _kept(deployment)
    if claim_of(deployment).portal != portal or "template" not in kept:
        return deployment
    spec = {**deployment["spec"], "template": kept["template"], "strategy": kept.get("strategy")}
    spec.pop("paused", None)
    return {**deployment, "spec": spec}


def _kept(deployment: Json) -> Json:
    text = (deployment["metadata"].get("annotations") or {}).get(ORIGINALS, "")
    try:
        kept = json.loads(text or "{}")
    except ValueError:
        return {}
    return kept if isinstance(kept, dict) and isinstance(kept.get("template", {}), dict) else {}
