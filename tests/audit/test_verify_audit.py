"""Verifying by command, by beat, and against a copy elsewhere; what came of it is kept and told."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit import tasks
from audit.chain import proof_of_head
from audit.export import line_of
from audit.models import Entry, Verification
from audit.record import audit
from audit.tasks import seal
from portal.measures.standing import Standing
from tests.audit.test_chain import tamper
from tests.factories.accounts import new_team

pytestmark = pytest.mark.django_db
Browser = Callable[[User], Client]


@pytest.fixture
def sealed() -> None:
    team = new_team()
    for number in range(5):
        audit(None, "team.edit", team, after={"number": number, "name": "ü"})
    seal()


@pytest.fixture
def copy(sealed: None, tmp_path: Path) -> Path:
    """What an export of the whole log holds."""
    file = tmp_path / "copy.jsonl"
    file.write_bytes(b"".join(line_of(entry) for entry in Entry.objects.order_by("number")))
    return file


def verify(*arguments: str) -> str:
    said = StringIO()
    call_command("verify_audit", *arguments, stdout=said)
    return said.getvalue()


def test_it_says_up_to_where(sealed: None) -> None:
    assert verify() == "verified 5 entries up to 5; 0 unsealed\n"
    kept = Verification.objects.get()
    assert (kept.valid, kept.up_to, kept.since, kept.guarded) == (True, 5, 1, True)


def test_it_names_the_first_broken_number(sealed: None) -> None:
    tamper("DELETE FROM audit_entry WHERE number = 3")
    with pytest.raises(CommandError, match="entry 3 does not fit") as refusal:
        verify()
    assert refusal.value.returncode == 1
    assert not Verification.objects.get().valid


def test_without_the_guard_it_fails_too(sealed: None) -> None:
    tamper("UPDATE audit_chainhead SET number = number")
    with pytest.raises(CommandError, match="guard is gone"):
        verify()


def test_a_copy_elsewhere_is_the_same(copy: Path) -> None:
    assert f"the same as in {copy.name}: 5 entries" in verify("--against", str(copy))


def test_a_copy_shows_what_the_log_alone_cannot(copy: Path) -> None:
    """An older copy of the database is a whole chain; only what was kept elsewhere knows that there was more."""
    tamper("DELETE FROM audit_entry WHERE number > 3")
    last = Entry.objects.get(number=3)
    proof = str(proof_of_head(3, last.hash))
    tamper("UPDATE audit_chainhead SET number = 3, hash = %s, proof = %s", last.hash, proof)
    call_command("migrate", verbosity=0)
    assert "up to 3" in verify()
    with pytest.raises(CommandError, match=r"entry 4 differs from copy\.jsonl: the log ends before") as refusal:
        verify("--against", str(copy))
    assert refusal.value.returncode == 1


def test_a_copy_that_was_changed_accuses_itself(copy: Path) -> None:
    copy.write_bytes(copy.read_bytes().replace(b"team.edit", b"team.made", 1))
    with pytest.raises(CommandError, match="does not fit its own hash"):
        verify("--against", str(copy))


@pytest.mark.parametrize("text", ["no json", "{}", "[1]"])
def test_a_file_of_something_else_is_refused(sealed: None, tmp_path: Path, text: str) -> None:
    (tmp_path / "other").write_text(text)
    with pytest.raises(CommandError, match="cannot be compared") as refusal:
        verify("--against", str(tmp_path / "other"))
    assert refusal.value.returncode == 2


def test_anybody_can_check_a_copy_without_slipway(copy: Path) -> None:
    """The few lines of docs/audit.md, run by a plain Python."""
    document = (Path(django_settings.BASE_DIR) / "docs" / "audit.md").read_text()
    program = document.split("```python\n")[1].split("```")[0]
    command = [sys.executable, "-I", "-c", program, str(copy)]
    assert subprocess.run(command, capture_output=True, check=True).stdout == b"5 entries, 1 to 5\n"
    copy.write_bytes(copy.read_bytes().replace(b"team.edit", b"team.made", 1))
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


class TestByItself:
    def test_once_a_day_and_not_more_often(self, sealed: None) -> None:
        tasks.verify()
        tasks.verify()
        assert Verification.objects.count() == 1
        Verification.objects.update(at=timezone.now() - timedelta(hours=25))
        tasks.verify()
        assert Verification.objects.count() == 2

    def test_it_can_be_switched_off(self, sealed: None, settings: Any) -> None:
        settings.AUDIT_VERIFY_HOURS = 0
        tasks.verify()
        assert not Verification.objects.exists()

    def test_a_break_is_told_loudly(
        self, sealed: None, web_client: Browser, admin: User, maintainer: User, caplog: pytest.LogCaptureFixture
    ) -> None:
        assert "Not verified yet" in web_client(admin).get("/audit/").content.decode()
        tasks.verify()
        assert "Verified up to entry 5" in web_client(admin).get("/audit/").content.decode()
        assert "audit log was changed" not in web_client(admin).get("/").content.decode()

        tamper("DELETE FROM audit_entry WHERE number = 3")
        Verification.objects.update(at=timezone.now() - timedelta(hours=25))
        with caplog.at_level(logging.ERROR):
            tasks.verify()
        assert "audit.chain_broken" in caplog.text
        for page in ("/", "/audit/"):
            assert "entry 3 does not fit" in web_client(admin).get(page).content.decode()
            assert "entry 3 does not fit" not in web_client(maintainer).get(page).content.decode()

    def test_metrics_say_so(self, sealed: None) -> None:
        def valid() -> float:
            named = {metric.name: metric for metric in Standing().collect()}
            return named["slipway_audit_chain_valid"].samples[0].value

        tasks.verify()
        assert valid() == 1
        Verification.objects.update(valid=False)
        assert valid() == 0
