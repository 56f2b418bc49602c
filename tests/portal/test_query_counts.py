"""How many SQL statements each page asks, kept as reviewed numbers: they must not grow with what there is to show.

SLIPWAY_COUNT_QUERIES=1 writes the file anew; the difference belongs in the review.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from benchmarks.pages import MOST_QUERIES, MOST_QUERIES_OF_PANELS, WITH_PANELS, addresses
from benchmarks.seed import Size, fill

COUNTS = Path(__file__).with_name("query_counts.json")
PEOPLE = ("bench-admin", "bench-dev")


@pytest.fixture
def organisation(db: None, valkey: object) -> None:
    """Services of every team on several clusters; more than a page of them."""
    fill(Size(services=80, clusters=6, releases=90))


def asked(user: User) -> dict[str, int]:
    """Statements by page, once what is kept from request to request is warm."""
    person = Client()
    person.force_login(user, "django.contrib.auth.backends.ModelBackend")
    counts = {}
    for name, address in addresses(user).items():
        assert person.get(address).status_code == 200, address
        with CaptureQueriesContext(connection) as captured:
            person.get(address)
        counts[name] = len(captured)
    return counts


def test_every_page_asks_as_often_as_was_reviewed(organisation: None) -> None:
    found = {name: asked(User.objects.get(username=name)) for name in PEOPLE}
    if os.environ.get("SLIPWAY_COUNT_QUERIES"):
        COUNTS.write_text(json.dumps(found, indent=2) + "\n")
    assert found == json.loads(COUNTS.read_text())


def test_every_page_keeps_its_budget() -> None:
    over = {
        (person, name): count
        for person, counts in json.loads(COUNTS.read_text()).items()
        for name, count in counts.items()
        if count > (MOST_QUERIES_OF_PANELS if name in WITH_PANELS else MOST_QUERIES)
    }
    assert over == {}
