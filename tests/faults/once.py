"""What it means that a release ended right: once, with what runs as it says, and nothing left behind."""

from __future__ import annotations

from typing import Any

from deployments.models import Release
from tests.conftest import until
from tests.scenarios.conftest import Workload

ONCE = ("release.start", "checks.pass", "step.started", "step.finished", "release.succeed")


class Before:
    """A workload as it was before the release."""

    def __init__(self, web: Workload) -> None:
        self.web = web
        live = web.live()
        self.generation = live["metadata"]["generation"]
        self.kept = _kept(live)
        self.template = live["spec"]["template"]

    def was_released_once(self, release: Release, version: str) -> list[str]:
        """The template was written once and runs; answers the kinds of the timeline."""
        assert (release.status, release.reason) == ("succeeded", ""), release.message
        live = self.web.live()
        assert self.web.image() == version
        assert live["metadata"]["generation"] == self.generation + 1
        assert _kept(live) == self.kept
        kinds = _timeline(release)
        assert [kind for kind in kinds if kind in ONCE] == list(ONCE)
        return kinds

    def was_given_back(self, release: Release) -> None:
        """The template was written once and taken back once."""
        until(self.web.ready)
        live = self.web.live()
        assert live["spec"]["template"] == self.template
        assert live["metadata"]["generation"] == self.generation + 2
        assert _kept(live) == self.kept
        _timeline(release)

    def is_untouched(self) -> None:
        """Nothing but status was written."""
        live = self.web.live()
        assert live["metadata"]["generation"] == self.generation
        assert _kept(live) == self.kept


def _kept(live: dict[str, Any]) -> dict[str, Any]:
    """What a release has to leave as it found it. The controller counts revisions in an annotation of its own."""
    annotations = dict(live["metadata"].get("annotations") or {})
    annotations.pop("deployment.kubernetes.io/revision", None)
    return {
        "labels": live["metadata"].get("labels"),
        "annotations": annotations,
        "strategy": live["spec"]["strategy"],
        "replicas": live["spec"]["replicas"],
        "paused": live["spec"].get("paused"),
    }


def _timeline(release: Release) -> list[str]:
    events = list(release.events.order_by("seq").values_list("seq", "kind"))
    assert [seq for seq, _kind in events] == list(range(1, len(events) + 1))
    kinds = [kind for _seq, kind in events]
    endings = ("release.succeed", "release.fail", "release.abort", "release.supersede")
    assert kinds[-1] in endings
    return kinds
