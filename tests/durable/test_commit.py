"""What is to follow a commit follows it, and its failure harms nothing that was saved."""

from __future__ import annotations

import pytest
from django.db import transaction

from durable.commit import after_commit


@pytest.mark.django_db(transaction=True)
def test_a_failure_after_the_commit_reaches_nobody() -> None:
    called: list[str] = []

    def fail(word: str) -> None:
        called.append(word)
        raise ConnectionError("the broker is down")

    with transaction.atomic():
        after_commit(fail, "first")
        after_commit(called.append, "second")
        assert called == []
    assert called == ["first", "second"]
