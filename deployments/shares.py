"""How much of a target the new version has: asked for and reached, in percent and in pods."""

from __future__ import annotations

from dataclasses import dataclass

from deployments.engine.bounds import surge_of
from deployments.engine.decision import Counts
from deployments.engine.gates import START
from deployments.engine.json import Json
from deployments.engine.weights import Sizes, behind_router, share
from deployments.models import Phase, Release, Status

GOES_BACK = (Status.FAILED, Status.ABORTED)
ON_THE_NEW = (Phase.TAKING_OVER, Phase.FINISHING)


@dataclass(frozen=True)
class Weight:
    """The share of the new version in percent: what was asked for last, and what is so."""

    desired: int
    actual: int

    @property
    def stable(self) -> int:
        """What is left to the old version."""
        return 100 - self.actual


def counts_of(release: Release) -> Counts:
    """Pods by version, as the last tick saw them."""
    return Counts(**(release.state.get("counts") or {}))


def kind_of(release: Release) -> str:
    """How it goes: rolling, canary or blue_green. One that found nothing to stand beside became a rolling one."""
    if (release.state.get("place") or {}).get("rolling"):
        return "rolling"
    return str(release.strategy.get("type") or "rolling")


def is_routed(release: Release) -> bool:
    """Whether its weight reaches users by what a router or a Kubernetes Service is told, not by the number of pods."""
    kind = kind_of(release)
    return kind == "blue_green" or (kind == "canary" and release.strategy.get("traffic", "replicas") != "replicas")


def is_before_the_first_pod(release: Release) -> bool:
    """Whether nothing has been changed on the cluster yet, because checks, approvals or an older release come first."""
    if release.phase in (Phase.QUEUED, Phase.GATED):
        return True
    waits = (release.state.get("gates") or {}).get("waits") or {}
    return release.phase == Phase.AWAITING_APPROVAL and waits.get("gate") == START


def goes_back(release: Release) -> bool:
    """Whether the old version is what the release is bringing back, or has brought back."""
    return release.status in GOES_BACK or release.phase == Phase.ABORTING


def weight_of(release: Release) -> Weight:
    """The share of the new version, by strategy and state."""
    return Weight(_desired(release), _actual(release))


def wanted_pods(release: Release) -> tuple[int, int]:
    """How many pods of the new and of the old version are asked for now."""
    counts = counts_of(release)
    if kind_of(release) == "rolling":
        # The controller shrinks the old version as far as its bounds allow: nobody asks for a number.
        return (0 if goes_back(release) else counts.desired), counts.old
    if goes_back(release) or is_before_the_first_pod(release):
        return 0, counts.desired
    if release.phase in ON_THE_NEW or release.status == Status.SUCCEEDED:
        return counts.desired, 0
    if kind_of(release) == "blue_green":
        has_grown = (release.state.get("routing") or {}).get("grown")
        preview = counts.desired if has_grown else int(release.strategy.get("preview_replicas") or counts.desired)
        return preview, counts.desired
    originals = release.state.get("originals")
    sizes = pods_for(release.strategy, counts.desired, weight_of(release).desired, originals)
    return sizes.new, sizes.old


def pods_for(strategy: Json, replicas: int, weight: int, originals: Json | None) -> Sizes:
    """The numbers of pods that a weight of a canary asks for. `originals` {strategy} is what the Deployment said of
    its surge before, None where that is not known."""
    if strategy.get("traffic", "replicas") != "replicas":
        return behind_router(replicas, weight, strategy.get("canary_replicas"))
    before: Json = {"spec": {"strategy": (originals or {}).get("strategy")}}
    surge = surge_of(before, replicas, strategy.get("max_surge"))
    return share(replicas, surge, weight) or Sizes(0, replicas)


def _desired(release: Release) -> int:
    if is_before_the_first_pod(release) or goes_back(release):
        return 0
    if kind_of(release) == "rolling" or release.phase in ON_THE_NEW or release.status == Status.SUCCEEDED:
        return 100
    if kind_of(release) == "blue_green":
        return 100 if (release.state.get("routing") or {}).get("switched") else 0
    return int(release.state.get("weight") or 0)


def _actual(release: Release) -> int:
    """By a router the weight that it has accepted; else the share of ready pods that run the new version."""
    if release.status == Status.SUCCEEDED and kind_of(release) != "rolling":
        return 100
    if is_routed(release):
        return int((release.state.get("routing") or {}).get("actual") or 0)
    counts = counts_of(release)
    ready = counts.new_ready + counts.old_ready
    return round(100 * counts.new_ready / ready) if ready else 0
