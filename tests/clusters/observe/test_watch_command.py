"""`manage.py watch` as a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from durable.heartbeat import age
from durable.models import Lease
from tests.conftest import until
from tests.factories.clusters import new_cluster

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def process(transactional_db: None, valkey: object) -> Iterator[subprocess.Popen[bytes]]:
    environment = os.environ | {
        "SLIPWAY_DATABASE_URL": f"sqlite://{connection.settings_dict['NAME']}",
        "SLIPWAY_REDIS_URL": settings.REDIS_URL,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }
    root = Path(settings.BASE_DIR)
    process = subprocess.Popen([sys.executable, "manage.py", "watch"], cwd=root, env=environment)
    yield process
    process.kill()
    process.wait()


@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="finds the test's database by its file")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_beats_each_second_and_ends_within_three_when_told_to(process, number):
    new_cluster()
    until(lambda: (seconds := age("watch")) is not None and seconds < 2)
    began = time.monotonic()
    process.send_signal(number)
    assert process.wait(5) == 0
    assert time.monotonic() - began < 3
    assert not Lease.objects.filter(name__startswith="watcher:").exists()
