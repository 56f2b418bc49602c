"""Something dies in the middle of a rolling release: the release ends right, once, with an honest timeline."""

from __future__ import annotations

import os
import signal

import pytest

from tests.conftest import until
from tests.faults.conftest import Field

PORTAL_PARTS = ("worker", "watch", "beat", "web", "valkey")
CLUSTER_PARTS = ("kube-apiserver", "etcd", "kube-controller-manager")


@pytest.mark.parametrize("part", [*PORTAL_PARTS, *CLUSTER_PARTS])
def test_a_release_survives_the_death_of(part: str, field: Field) -> None:
    generation = field.live()["metadata"]["generation"]
    release_id = field.deploy("1.1")
    until(lambda: field.release(release_id)["phase"] == "Progressing")

    if part in PORTAL_PARTS:
        os.kill(field.portal.pid(part), signal.SIGKILL)
    else:
        field.sandbox.kill(part)

    release = field.wait_for(release_id)
    assert (release["status"], release["reason"]) == ("succeeded", "")
    live = field.live()
    assert live["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":1.1")
    assert live["metadata"]["generation"] == generation + 1
    assert not [label for label in live["metadata"]["labels"] if label.startswith("slipway.dev/")]
    events = field.events(release_id)
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    kinds = [event["kind"] for event in events]
    for once in ("release.start", "step.started", "step.finished", "release.succeed"):
        assert kinds.count(once) == 1, kinds


def test_a_bad_version_is_taken_back_although_the_worker_dies_twice(field: Field) -> None:
    release_id = field.deploy("1.1-crash")
    until(lambda: field.release(release_id)["phase"] == "Progressing")
    os.kill(field.portal.pid("worker"), signal.SIGKILL)
    until(lambda: field.release(release_id)["phase"] == "Aborting", seconds=60)
    os.kill(field.portal.pid("worker"), signal.SIGKILL)

    release = field.wait_for(release_id)

    assert (release["status"], release["reason"]) == ("failed", "CrashLoopBackOff")
    assert field.live()["spec"]["template"]["spec"]["containers"][0]["image"].endswith(":1.0")
