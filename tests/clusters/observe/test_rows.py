"""Changes become rows: only differences are written, and a list beside the watch never undoes what the watch said."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from clusters.models import Cluster, KeepWhole, Observation
from clusters.observe import row_statements, rows
from clusters.observe.kinds import BY_NAME
from clusters.observe.objects import see
from clusters.observe.rows import Change
from clusters.observe.whole import KeptWhole, Workload
from durable.written_sql import as_stored
from tests.clusters.observe.objects import deployment, pod, raw
from tests.factories.clusters import new_cluster, observed


@pytest.fixture
def cluster(db: None) -> Cluster:
    return new_cluster()


def change(object_: dict[str, Any], **options: Any) -> Change:
    return Change(see(BY_NAME[object_["kind"]], object_), **options)


def test_new_changed_and_deleted_objects_are_written(cluster):
    rows.write(cluster.pk, [change(pod("a", version=1)), change(pod("b", version=2))])
    rows.write(cluster.pk, [change(pod("a", version=3, phase="Running")), change(pod("b", version=4), deleted=True)])
    (row,) = Observation.objects.all()
    assert (row.name, row.resource_version, row.slim["phase"]) == ("a", 3, "Running")


def test_only_differences_are_written_and_told(cluster):
    first = [change(pod("a", version=1)), change(pod("b", version=1))]
    assert rows.write(cluster.pk, first) == first
    again = [change(pod("a", version=1)), change(pod("b", version=2))]
    assert rows.write(cluster.pk, again) == [again[1]]


def test_what_a_watcher_of_an_older_version_wrote_is_completed_by_the_next_list(cluster):
    seen = [change(deployment(version=7))]
    rows.write(cluster.pk, seen)
    known = Observation.objects.get()
    assert known.images and known.state

    # It knows neither column: of a new row it leaves them out, of another it keeps what they were before.
    for images, state in ((None, ""), ('{"app":"an older one"}', "ok")):
        Observation.objects.update(images=images, state=state)
        assert rows.write(cluster.pk, seen) == seen
        assert (Observation.objects.get().images, Observation.objects.get().state) == (known.images, known.state)

    assert rows.write(cluster.pk, seen) == []


def test_a_deletion_of_an_older_object_of_that_name_is_ignored(cluster):
    observed(cluster, pod("a", version=5))
    older = pod("a", version=4)
    older["metadata"]["uid"] = "the one before"
    assert rows.write(cluster.pk, [change(older, deleted=True)]) == []
    assert Observation.objects.count() == 1


def test_two_hundred_changes_take_a_bounded_number_of_queries(cluster, django_assert_max_num_queries):
    changes = [change(pod(f"pod-{number}")) for number in range(200)]
    with django_assert_max_num_queries(8):
        rows.write(cluster.pk, changes)
    assert Observation.objects.count() == 200


def test_a_fill_adds_the_whole_object_to_its_row(cluster):
    observed(cluster, deployment(version=7))
    filled = change(deployment(version=7), whole=deployment(version=7), fills=True)
    assert rows.write(cluster.pk, [filled]) == [filled]
    assert Observation.objects.get().whole["spec"]["replicas"] == 3


def test_a_fill_neither_brings_back_what_was_deleted_nor_an_older_state(cluster):
    gone = change(deployment(version=7), whole=deployment(version=7), fills=True)
    assert rows.write(cluster.pk, [gone]) == []
    observed(cluster, deployment(version=9))
    assert rows.write(cluster.pk, [gone]) == []
    assert Observation.objects.get().whole is None


def test_an_object_that_the_database_refuses_is_left_out_alone(cluster):
    refused = pod("refused")
    refused["metadata"]["uid"] = "\ud800"  # half a character, which no database takes
    assert [
        told.seen.name for told in rows.write(cluster.pk, [change(pod("a")), change(refused), change(pod("b"))])
    ] == [
        "a",
        "b",
    ]
    assert set(Observation.objects.values_list("name", flat=True)) == {"a", "b"}


def test_changes_of_a_removed_cluster_are_dropped(transactional_db):
    cluster = new_cluster()
    Cluster.objects.all().delete()
    assert rows.write(cluster.pk, [change(pod("a"))]) == []
    assert not Observation.objects.exists()


def test_a_sweep_takes_what_a_list_did_not_hold_and_nothing_of_other_kinds_or_clusters(cluster):
    other = new_cluster()
    for owner, object_ in ((cluster, pod("a")), (cluster, pod("b")), (cluster, deployment("b")), (other, pod("b"))):
        observed(owner, object_)
    (told,) = rows.sweep(cluster.pk, "Pod", {("shop", "a")})
    assert (told.seen.name, told.deleted, told.seen.labels) == ("b", True, {"app": "web"})
    assert Observation.objects.count() == 3


def test_whole_objects_are_forgotten_unless_another_release_needs_them(cluster):
    for object_ in (deployment("web"), deployment("basket"), raw("Event", "e", involvedObject={"name": "web-1"})):
        observed(cluster, object_, whole=True)
    rows.forget_whole(cluster.pk, "shop", KeptWhole(frozenset({Workload("shop", "basket")})))
    assert list(Observation.objects.filter(whole__isnull=False).values_list("name", flat=True)) == ["basket"]


def test_one_that_a_release_asks_for_which_has_just_begun_is_not_forgotten(cluster):
    observed(cluster, deployment("web"), whole=True)
    KeepWhole.objects.create(cluster=cluster, namespace="shop", workload="web", release_id=uuid4())
    rows.forget_whole(cluster.pk, "shop", KeptWhole())
    assert Observation.objects.get().whole


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL plans by what it has counted")
def test_each_row_is_found_by_its_key_however_many_the_cluster_has(cluster):
    with connection.cursor() as cursor:
        keys = ["Pod", "shop", "a", "Pod", "shop", "b"]
        cursor.execute(f"EXPLAIN QUERY PLAN {row_statements._question(2)}", [*keys, as_stored(cluster.pk)])
        plan = [line[-1] for line in cursor.fetchall()]
    (search,) = [line for line in plan if line.startswith("SEARCH")]
    assert "(cluster_id=? AND kind=? AND namespace=? AND name=?)" in search
