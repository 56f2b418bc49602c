"""The workload as it will be once a release of ours that holds it in place has given it back."""

from __future__ import annotations

from deployments.engine.in_place_patches import put_aside
from deployments.engine.json import Json
from deployments.engine.workload import HELD, claim_of, labels_of


def as_given_back(deployment: Json, portal: str) -> Json:
    """A Deployment held by this portal, not paused, and where it is held in place with the template and the strategy
    that its release put aside; any other as it is."""
    kept, spec = put_aside(deployment), dict(deployment["spec"])
    is_in_place = "template" in kept
    if claim_of(deployment).portal != portal or not (is_in_place or HELD in labels_of(deployment)):
        return deployment
    if is_in_place:
        spec |= {"template": kept["template"], "strategy": kept.get("strategy")}
    spec.pop("paused", None)
    return {**deployment, "spec": spec}
