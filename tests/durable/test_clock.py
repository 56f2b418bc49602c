"""The database's clock, as expression and as value."""

from datetime import UTC, datetime, timedelta

import pytest

from durable.clock import DbNow, database_time
from durable.models import Heartbeat

pytestmark = pytest.mark.django_db


def test_the_expression_stores_and_compares_to_the_millisecond() -> None:
    Heartbeat.objects.create(name="x", at=DbNow(0.2))
    assert not Heartbeat.objects.filter(at__lte=DbNow()).exists()
    assert Heartbeat.objects.filter(at__lte=DbNow(0.5)).exists()
    assert not Heartbeat.objects.filter(at__lte=DbNow(-5)).exists()


def test_a_value_written_from_python_compares_rightly_with_it() -> None:
    Heartbeat.objects.create(name="x", at=database_time() - timedelta(milliseconds=2))
    assert Heartbeat.objects.filter(at__lt=DbNow()).exists()


def test_the_value_is_aware_and_now() -> None:
    assert abs((database_time() - datetime.now(UTC)).total_seconds()) < 2
