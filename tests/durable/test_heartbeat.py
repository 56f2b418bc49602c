"""Signs of life."""

import pytest

from durable import heartbeat
from durable.clock import DbNow
from durable.models import Heartbeat
from durable.tasks import beat

pytestmark = pytest.mark.django_db


def test_one_that_was_never_seen_has_no_age() -> None:
    assert heartbeat.age("worker") is None


def test_the_age_counts_from_the_last_beat() -> None:
    heartbeat.beat("watch")
    Heartbeat.objects.update(at=DbNow(-40))
    assert 40 <= (heartbeat.age("watch") or 0) < 42
    heartbeat.beat("watch")
    assert (heartbeat.age("watch") or 0) < 2


def test_the_task_beats_for_the_worker() -> None:
    beat()
    assert heartbeat.age("worker") is not None
