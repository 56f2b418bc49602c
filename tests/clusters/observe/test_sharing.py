"""Clusters are shared out evenly among the watchers that live."""

from __future__ import annotations

from uuid import uuid4

import pytest

from clusters.observe import sharing
from clusters.observe.sharing import Sharing, lease_name
from durable.clock import DbNow
from durable.models import Lease

pytestmark = pytest.mark.django_db

CLUSTERS = sorted(uuid4() for _ in range(7))


def test_one_watcher_takes_all():
    only = Sharing("one")
    assert only.settle(CLUSTERS) == set(CLUSTERS)
    assert all(only.owns(cluster) for cluster in CLUSTERS)


def test_a_second_watcher_gets_its_share():
    first, second = Sharing("one"), Sharing("two")
    first.settle(CLUSTERS)
    second.settle(CLUSTERS)
    ours = first.settle(CLUSTERS)
    theirs = second.settle(CLUSTERS)
    assert (len(ours), len(theirs)) == (4, 3)
    assert not ours & theirs


def test_what_is_given_back_is_free_at_once():
    first, second = Sharing("one"), Sharing("two")
    first.settle(CLUSTERS)
    first.give_back_all()
    assert second.settle(CLUSTERS) == set(CLUSTERS)
    assert not first.owns(CLUSTERS[0])


def test_the_leases_of_a_dead_watcher_run_out():
    dead, heir = Sharing("dead"), Sharing("heir")
    dead.settle(CLUSTERS)
    assert heir.settle(CLUSTERS) == set()
    Lease.objects.update(until=DbNow(-1))
    assert heir.settle(CLUSTERS) == set(CLUSTERS)


def test_a_removed_cluster_is_given_back():
    only = Sharing("one")
    only.settle(CLUSTERS)
    assert only.settle(CLUSTERS[1:]) == set(CLUSTERS[1:])
    assert Lease.objects.get(name=lease_name(CLUSTERS[0])).owner == ""


def test_a_watcher_that_could_not_renew_writes_nothing_more(monkeypatch):
    only = Sharing("one")
    monkeypatch.setattr(sharing, "LEASE_SECONDS", 0.0)
    only.settle(CLUSTERS)
    assert not only.owns(CLUSTERS[0])


def test_settling_costs_the_same_for_few_and_many(django_assert_max_num_queries):
    only = Sharing("one")
    only.settle(CLUSTERS)
    with django_assert_max_num_queries(8):
        only.settle(CLUSTERS)
