"""What a batch of changes on a cluster costs the releases that follow it: one wake-up each, in a few statements."""

from __future__ import annotations

import time
from uuid import UUID, uuid4

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from clusters.models import KeepWhole
from clusters.signals import Changed
from deployments import receivers
from deployments.models import Release
from deployments.pace import Pace
from deployments.receivers import PROGRESS_SECONDS, wake_followers
from services.models import Target
from tests.deployments.test_pace import Woken
from tests.factories.deployments import checkout_target, new_release

ROLLOUT = [
    Changed("Deployment", "dev", "checkout"),
    Changed("ReplicaSet", "dev", "checkout-7f9c", owner_name="checkout"),
    *(Changed("Pod", "dev", f"checkout-7f9c-{number}", owner_name="checkout-7f9c") for number in range(40)),
]


def followed(target: Target, by: User) -> Release:
    release = new_release(target, by=by)
    place = {"cluster": target.cluster, "namespace": target.namespace, "workload": target.workload}
    KeepWhole.objects.create(**place, release_id=release.pk)
    return release


def wakes(release: Release) -> int:
    return Release.objects.values_list("wake_seq", flat=True).get(pk=release.pk)


def test_a_batch_wakes_a_release_once(
    target: Target, developer: User, hints: list[str], valkey: object, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    release = followed(target, developer)
    with django_assert_num_queries(4):
        wake_followers(None, cluster_id=target.cluster_id, objects=ROLLOUT)
    assert wakes(release) == 1
    assert hints == [str(release.pk)]


def test_what_nobody_follows_costs_one_query(
    target: Target, developer: User, hints: list[str], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    release = followed(target, developer)
    strangers = [
        Changed("Pod", "dev", "basket-7f9c-1", owner_name="basket-7f9c"),
        Changed("Event", "dev", "checkout-1"),
    ]
    with django_assert_num_queries(1):
        wake_followers(None, cluster_id=target.cluster_id, objects=strangers)
    wake_followers(None, cluster_id=uuid4(), objects=ROLLOUT)
    assert (wakes(release), hints) == (0, [])


def test_a_release_that_has_just_begun_is_followed(
    target: Target, developer: User, hints: list[str], valkey: object
) -> None:
    """Nothing remembers who was followed a moment ago: the first change after the start already wakes."""
    wake_followers(None, cluster_id=target.cluster_id, objects=ROLLOUT)
    release = followed(target, developer)
    wake_followers(None, cluster_id=target.cluster_id, objects=ROLLOUT[:1])
    assert wakes(release) == 1


def test_all_that_changed_is_woken_together(target: Target, developer: User, hints: list[str], valkey: object) -> None:
    basket = checkout_target(target.team, "staging", cluster=target.cluster, namespace="dev", workload="basket")
    releases = [followed(target, developer), followed(basket, developer)]
    wake_followers(None, cluster_id=target.cluster_id, objects=[*ROLLOUT, Changed("Deployment", "dev", "basket")])
    assert [wakes(release) for release in releases] == [1, 1]
    assert len(hints) == 1, "for a worker that sees to both"


def test_a_pod_on_its_way_up_tells_open_pages_and_wakes_nobody(
    target: Target, developer: User, hints: list[str], valkey: object, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    release = followed(target, developer)
    coming = Changed("Pod", "dev", "checkout-7f9c-1", owner_name="checkout-7f9c", passing=True)
    with django_assert_num_queries(1):
        wake_followers(None, cluster_id=target.cluster_id, objects=[coming])
    assert (wakes(release), hints) == (0, [])
    wake_followers(None, cluster_id=target.cluster_id, objects=[coming, *ROLLOUT[:1]])
    assert wakes(release) == 1


def test_counts_that_move_are_looked_at_later_and_what_a_person_wrote_at_once(
    target: Target, developer: User, hints: list[str], valkey: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = followed(target, developer)
    woken = Woken()
    monkeypatch.setattr(receivers, "_pace", Pace(woken))
    counts = Changed("ReplicaSet", "dev", "checkout-7f9c", owner_name="checkout", passing=True)
    began = time.monotonic()
    wake_followers(None, cluster_id=target.cluster_id, objects=[counts])
    wake_followers(None, cluster_id=target.cluster_id, objects=ROLLOUT[:1])
    assert woken.until(1)[0][1] - began < PROGRESS_SECONDS
    wake_followers(None, cluster_id=target.cluster_id, objects=[counts])
    (_, first), (one, second) = woken.until(2)
    assert (one, second - first >= PROGRESS_SECONDS) == (release.pk, True)


def test_a_spec_that_was_taken_note_of_is_looked_at_at_once(
    target: Target, developer: User, valkey: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = followed(target, developer)
    woken = Woken()
    monkeypatch.setattr(receivers, "_pace", Pace(woken))
    noted = Changed("Deployment", "dev", "checkout", passing=True, observed=True)
    wake_followers(None, cluster_id=target.cluster_id, objects=[noted])
    assert [one for one, _at in woken.times] == [release.pk]


@pytest.mark.parametrize(
    ("strategy", "kind", "at_once"),
    [
        ("rolling", "Deployment", True),
        ("rolling", "ReplicaSet", False),
        ("canary", "ReplicaSet", True),
        ("blue_green", "ReplicaSet", True),
    ],
)
def test_what_a_release_waits_for_passes_the_crowd_by(
    target: Target,
    developer: User,
    valkey: object,
    monkeypatch: pytest.MonkeyPatch,
    strategy: str,
    kind: str,
    at_once: bool,
) -> None:
    """A ReplicaSet is whole after each wave of a rollout, and a canary goes on after each."""
    release = followed(target, developer)
    Release.objects.filter(pk=release.pk).update(strategy={**release.strategy, "type": strategy})
    asked = []

    class Asked:
        """A pace that notes what it is asked."""

        def wake(self, release_ids: list[UUID], *, at_once: bool = False) -> None:
            asked.extend((one, at_once) for one in release_ids)

        def wake_later(self, release_ids: list[UUID], seconds: float) -> None:
            asked.extend((one, seconds) for one in release_ids)

    monkeypatch.setattr(receivers, "_pace", Asked())
    name = "checkout" if kind == "Deployment" else "checkout-7f9c"
    wake_followers(
        None, cluster_id=target.cluster_id, objects=[Changed(kind, "dev", name, owner_name="checkout", whole=True)]
    )
    assert asked == [(release.pk, at_once)]
