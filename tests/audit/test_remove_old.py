"""Retention: the beginning of the log goes after its time, and the rest still verifies."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.utils import timezone

from audit import chain, retention, tasks
from audit.export import compare
from audit.models import Checkpoint, Entry
from audit.tasks import seal
from tests.audit.test_chain import tamper
from tests.factories.accounts import new_team

pytestmark = pytest.mark.django_db
Written = Callable[..., None]


@pytest.fixture
def written() -> Written:
    """`written(days, ...)`: an entry of so many days ago each, sealed in this order."""
    team = new_team()

    def write(*days: int) -> None:
        for ago in days:
            entry = Entry(at=timezone.now() - timedelta(days=ago), actor="ada", action="team.edit")
            entry.object_type, entry.object_id, entry.object_name = "team", str(team.pk), team.name
            entry.save()
        seal()

    return write


def numbers() -> list[int]:
    return list(Entry.objects.filter(number__isnull=False).order_by("number").values_list("number", flat=True))


def test_without_a_setting_nothing_goes(written: Written) -> None:
    written(4000, 4000)
    assert retention.remove_old() == 0
    assert numbers() == [1, 2]


def test_the_old_beginning_goes_and_the_rest_verifies(written: Written, settings: Any) -> None:
    settings.AUDIT_KEEP_DAYS = 365
    written(400, 399, 366, 300, 0)
    assert retention.remove_old() == 3
    assert numbers() == [4, 5]
    checkpoint = Checkpoint.objects.get()
    assert (checkpoint.number, checkpoint.count, checkpoint.file) == (3, 3, "")
    assert chain.verify() == chain.Verdict(valid=True, broken_at=None, checked=2, unsealed=1, since=4)
    told = Entry.objects.get(number=None)
    assert (told.action, told.actor, told.before["first"], told.before["last"]) == ("audit.remove_old", "slipway", 1, 3)
    seal()
    assert retention.remove_old() == 0
    assert chain.verify().valid


def test_nothing_goes_from_the_middle(written: Written, settings: Any) -> None:
    """A late commit may stand behind a younger entry: it waits until that one goes too."""
    settings.AUDIT_KEEP_DAYS = 365
    written(400, 10, 400, 0)
    assert retention.remove_old() == 1
    assert numbers() == [2, 3, 4]


def test_it_goes_on_where_it_stopped(written: Written, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "PORTION", 2)
    settings.AUDIT_KEEP_DAYS = 365
    written(400, 400, 400, 400, 400, 0)
    assert retention.remove_old(lambda: False) == 2
    assert retention.remove_old() == 3
    assert [row.number for row in Checkpoint.objects.order_by("number")] == [2, 4, 5]
    assert chain.verify().valid


def test_it_is_written_to_a_file_first_which_proves_itself(written: Written, settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_KEEP_DAYS, settings.AUDIT_ARCHIVE = 365, str(tmp_path)
    written(400, 400, 0)
    hashes = list(Entry.objects.order_by("number").values_list("hash", flat=True))
    retention.remove_old()
    (file,) = tmp_path.iterdir()
    assert file.name == "audit-000000000001-000000000002.jsonl" == Checkpoint.objects.get().file
    assert file.stat().st_mode & 0o777 == 0o600
    lines = file.read_bytes().splitlines()
    assert [orjson.loads(line)["hash"] for line in lines] == hashes[:2]
    found = compare(lines)
    assert (found.broken_at, found.lines, found.gone) == (None, 2, 2)


def test_where_the_file_cannot_be_written_nothing_goes(written: Written, settings: Any, tmp_path: Path) -> None:
    settings.AUDIT_KEEP_DAYS, settings.AUDIT_ARCHIVE = 365, str(tmp_path / "not-there")
    written(400, 400, 0)
    tasks.remove_old()
    assert numbers() == [1, 2, 3]
    assert not Checkpoint.objects.exists()


def test_a_broken_beginning_is_evidence_and_stays(written: Written, settings: Any) -> None:
    settings.AUDIT_KEEP_DAYS = 365
    written(400, 400, 0)
    tamper("UPDATE audit_entry SET actor = 'mallory' WHERE number = 2")
    with pytest.raises(retention.ChainBroken, match="entry 2"):
        retention.remove_old()
    assert numbers() == [1, 2, 3]


def test_what_somebody_still_needs_stays(written: Written, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.AUDIT_KEEP_DAYS = 365
    written(400, 400, 400, 0)
    monkeypatch.setattr(retention, "holds", [lambda: None, lambda: 2])
    assert retention.remove_old() == 2
    assert numbers() == [3, 4]
