"""A query that is built once answers what Django's own would, on either database."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.models import Team, User
from deployments.models import Release
from durable.clock import database_time
from durable.prepared import PreparedGet
from durable.written_sql import as_stored, update
from tests.factories.deployments import checkout_target, new_release

pytestmark = pytest.mark.both_databases


@pytest.fixture
def release(payments: Team, developer: User) -> Release:
    return new_release(checkout_target(payments, "dev"), by=developer)


def test_it_answers_the_row_and_what_it_belongs_to_by_one_query(
    release: Release, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    prepared = PreparedGet(Release.objects.for_a_tick)
    prepared(release.pk)
    Release.objects.filter(pk=release.pk).update(version=7, state={"phase": "Gated"}, wake_at=database_time())

    with django_assert_num_queries(1):
        found = prepared(release.pk)
        belongs = found.target.service.team, found.target.environment, found.target.cluster, found.from_revision

    expected = Release.objects.for_a_tick().get(pk=release.pk)
    _found, now = prepared.with_time(release.pk)
    assert timedelta(0) <= database_time() - now < timedelta(seconds=10)
    assert values(found) == values(expected)
    assert [one and values(one) for one in belongs] == [
        one and values(one)
        for one in (
            expected.target.service.team,
            expected.target.environment,
            expected.target.cluster,
            expected.from_revision,
        )
    ]
    assert not found._state.adding


def test_what_is_not_there_is_said_as_django_says_it(release: Release) -> None:
    with pytest.raises(Release.DoesNotExist):
        PreparedGet(Release.objects.all)(uuid.uuid4())


def test_a_queryset_that_asks_for_more_than_the_key_is_refused(release: Release) -> None:
    with pytest.raises(ValueError, match="only the key"):
        PreparedGet(Release.objects.active().filter(number=1).all)(release.pk)


def test_columns_are_written_as_django_writes_them(release: Release) -> None:
    now, key = database_time(), {"id": as_stored(release.pk)}
    changes = {"state": {"at": "é", "n": [1, None]}, "wake_at": now, "ended": True, "message": "it's 100 %"}

    assert update(Release, changes, "id = %(id)s AND NOT ended", key, written={"version": "version + 1"}) == 1
    assert update(Release, changes, "id = %(id)s AND NOT ended", key) == 0

    found = Release.objects.get(pk=release.pk)
    assert (found.state, found.wake_at, found.ended, found.message) == tuple(changes.values())
    assert found.version == release.version + 1


def values(row: object) -> dict[str, object]:
    return {name: value for name, value in vars(row).items() if name != "_state" and "cache" not in name}
