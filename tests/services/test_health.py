"""What a target's health is called, and that the list's SQL calls it the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from clusters.models import Observation
from clusters.observe.kinds import BY_NAME
from clusters.observe.objects import see
from services.health import State, health_of, worst
from services.models import Target
from services.queries import target_rows
from services.queries.state_filter import targets_in_state
from tests.factories.clusters import watched_now
from tests.factories.services import deployment_as_seen, new_service, new_target, seen_deployment

CASES: list[tuple[State, dict[str, Any]]] = [
    (State.HEALTHY, {}),
    (State.HEALTHY, {"desired": 1, "ready": 1}),
    (State.DEGRADED, {"desired": 3, "ready": 2}),
    (State.DEGRADED, {"desired": 2, "ready": 2, "updated": 1, "replicas": 3, "stuck": True}),
    (State.DOWN, {"desired": 2, "ready": 0}),
    (State.DOWN, {"desired": 2, "ready": 0, "updated": 1, "stuck": True}),
    (State.PROGRESSING, {"desired": 2, "ready": 2, "updated": 1, "replicas": 3}),
    (State.PROGRESSING, {"desired": 2, "ready": 2, "updated": 2, "replicas": 3}),
    (State.PROGRESSING, {"desired": 2, "ready": 0, "updated": 0, "replicas": 0}),
    (State.PROGRESSING, {"observed_generation": 0}),
    (State.SCALED_TO_ZERO, {"desired": 0, "ready": 0}),
]


@pytest.mark.parametrize(("state", "seen"), CASES)
def test_health_is_judged_by_the_counts(state: State, seen: dict[str, Any]) -> None:
    found = see(BY_NAME["Deployment"], deployment_as_seen("web", "prod", "r.example/web:1", **seen))
    assert found is not None
    health = health_of(found.slim, is_fresh=True)
    assert health.state == state
    assert bool(health.reason) == (state != State.HEALTHY)


def test_what_was_not_seen_is_never_called_well() -> None:
    well = {"desired": 2, "ready": 2, "updated": 2, "replicas": 2, "generation": 1, "observed_generation": 1}
    assert health_of(well, is_fresh=True).state == State.HEALTHY
    assert health_of(well, is_fresh=False).state == State.UNKNOWN
    assert health_of(None, is_fresh=False).state == State.UNKNOWN
    assert health_of(None, is_fresh=True).state == State.MISSING
    assert health_of({"bad": "spec should be an object"}, is_fresh=True).state == State.UNKNOWN


@pytest.mark.django_db
def test_the_list_filters_by_the_same_words() -> None:
    targets = [new_target(new_service(), "prod") for _case in CASES]
    for target, (_state, seen) in zip(targets, CASES, strict=True):
        watched_now(target.cluster)
        seen_deployment(target, **seen)
    unseen, stale, bad = (new_target(new_service(), "prod") for _number in range(3))
    watched_now(unseen.cluster)
    watched_now(stale.cluster, contact_at=timezone.now() - timedelta(minutes=5))
    seen_deployment(stale)
    watched_now(bad.cluster)
    seen_deployment(bad)
    Observation.objects.filter(cluster=bad.cluster).update(slim={"bad": "unreadable"}, state="unknown")

    in_sql = {target.pk: state.value for state in State for target in targets_in_state([state])}
    everything = list(Target.objects.select_related("environment", "cluster"))
    in_python = {row.target.pk: row.health.state.value for row in target_rows(everything)}
    assert in_sql == in_python
    assert [in_sql[target.pk] for target in targets] == [state.value for state, _seen in CASES]
    assert [in_sql[target.pk] for target in (unseen, stale, bad)] == ["missing", "unknown", "unknown"]
    troubled = targets_in_state([State.DOWN, State.MISSING])
    assert {in_sql[target.pk] for target in troubled} == {"down", "missing"}
    assert set(targets_in_state(State)) == set(everything)


def test_the_worst_state_speaks_for_a_service() -> None:
    assert worst([State.HEALTHY, State.DOWN, State.PROGRESSING]) == State.DOWN
    assert worst([State.HEALTHY, State.UNKNOWN]) == State.UNKNOWN
    assert worst([]) is None
