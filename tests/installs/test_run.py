"""Runs: steps look before they act, secrets stay secret, what stopped goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.models import User
from installs.models import Install, InstallLine, InstallRun
from installs.shapes import File
from tests.installs.conftest import PLANNED, carried_out, ended, log_of, planned_run, step
from tests.installs.sshd import Sshd

pytestmark = pytest.mark.usefixtures("plan_stays")

Drafted = Callable[..., Install]


def states(run: InstallRun) -> list[tuple[str, str]]:
    return [(row.key, row.state) for row in run.steps.all()]


def test_steps_run_in_order_and_those_that_are_done_are_not_done_again(drafted: Drafted, tmp_path: Path) -> None:
    said = tmp_path / "said"
    run = planned_run(
        drafted(),
        step("first", f"echo first >> {said}", verify=f"grep -q first {said}"),
        step("second", f"echo second >> {said}", probe="true", stage=2),
        step("third", f"cat {tmp_path}/conf >> {said}", files=(File(f"{tmp_path}/conf", "third\n"),), stage=2),
    )

    run = ended(run)

    assert run.state == "succeeded", log_of(run)
    assert said.read_text() == "first\nthird\n"
    assert [row.was_done_before for row in run.steps.all()] == [False, True, False]
    assert run.install.__class__.objects.get().status == "succeeded"


def test_a_step_that_fails_stops_the_run_and_a_retry_goes_on_there(
    api: Callable[..., Any], admin: User, drafted: Drafted, tmp_path: Path
) -> None:
    install, caller, said = drafted(), api(admin), tmp_path / "said"
    script = f"echo again >> {said}; [ -e {tmp_path}/mended ] || {{ echo no such thing; exit 7; }}"
    run = planned_run(
        install,
        step("good", f"echo good >> {said}"),
        step(
            "bad",
            script,
            probe=f"[ -e {tmp_path}/mended ] && grep -q undone {said} && grep -q twice {said}",
            undo=f"echo undone >> {said}",
            verify="true",
        ),
        step("later", f"echo later >> {said}", stage=2),
    )

    run = ended(run)
    assert states(run) == [("good", "succeeded"), ("bad", "failed"), ("later", "pending")]
    assert "7" in run.problem and "no such thing" in run.problem
    assert caller.get(f"/installs/{install.pk}/").json()["status"] == "failed"

    (tmp_path / "mended").touch()
    again = carried_out(caller.post(f"/installs/{install.pk}/retry/", {}))
    assert (again.pk, again.state) == (run.pk, "succeeded"), log_of(again)
    assert said.read_text().split() == ["good", "again", "undone", "again", "later"]


def test_a_retry_does_again_what_is_planned_otherwise_by_then(
    api: Callable[..., Any], admin: User, drafted: Drafted, tmp_path: Path
) -> None:
    install, said = drafted(), tmp_path / "said"
    first = step("first", f"echo first >> {said}")
    run = planned_run(install, first, step("second", f"echo old >> {said}"), step("bad", "false", stage=2))
    assert ended(run).state == "failed"

    PLANNED[:] = [first, step("second", f"echo new >> {said}"), step("bad", "true", stage=2)]
    again = carried_out(api(admin).post(f"/installs/{install.pk}/retry/", {}))

    assert again.state == "succeeded", log_of(again)
    assert said.read_text().split() == ["first", "old", "new"]


def test_a_script_that_did_not_do_its_work_fails_by_its_verify(drafted: Drafted) -> None:
    run = ended(planned_run(drafted(), step("liar", "true", verify="false")))

    assert run.state == "failed" and "not done" in run.problem


def test_what_a_step_gives_is_read_by_others_and_shown_to_nobody(drafted: Drafted, tmp_path: Path) -> None:
    seen = tmp_path / "seen"
    run = planned_run(
        drafted(),
        step(
            "gives",
            "echo '::give JOIN_TOKEN=abcdef.0123456789abcdef'; echo my abcdef.0123456789abcdef",
            gives=("JOIN_TOKEN",),
        ),
        step("needs", f'echo "$JOIN_TOKEN" > {seen}; echo "token $JOIN_TOKEN"', needs=("JOIN_TOKEN",), stage=2),
    )

    run = ended(run)

    assert run.state == "succeeded", log_of(run)
    assert seen.read_text() == "abcdef.0123456789abcdef\n"
    assert "abcdef" not in "".join(InstallLine.objects.values_list("text", flat=True))
    assert Install.objects.get().secrets is None


def test_a_secret_that_was_forgotten_is_given_again_on_a_retry(
    api: Callable[..., Any], admin: User, drafted: Drafted, tmp_path: Path
) -> None:
    install = drafted()
    run = planned_run(
        install,
        step(
            "gives",
            f"echo x >> {tmp_path}/given; echo ::give KEY=0123456789",
            gives=("KEY",),
            probe=f"test -e {tmp_path}/given",
        ),
        step("needs", f'[ -e {tmp_path}/mended ] && [ "$KEY" = 0123456789 ]', needs=("KEY",), stage=2),
    )
    assert ended(run).state == "failed"

    (tmp_path / "mended").touch()
    again = carried_out(api(admin).post(f"/installs/{install.pk}/retry/", {}))

    assert again.state == "succeeded", log_of(again)
    assert (tmp_path / "given").read_text() == "x\nx\n"


def test_a_run_is_cancelled_before_its_next_step(
    api: Callable[..., Any], admin: User, drafted: Drafted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installs.desk.RENEW_SECONDS", 0.1)
    install, caller = drafted(), api(admin)
    run = planned_run(install, step("one", "true"), step("two", f"touch {tmp_path}/two", stage=2))
    assert caller.post(f"/installs/{install.pk}/cancel/", {}).status_code == 202
    assert caller.post(f"/installs/{install.pk}/cancel/", {}).status_code == 202

    run = ended(run)

    assert run.state == "cancelled" and not (tmp_path / "two").exists()
    assert caller.get(f"/installs/{install.pk}/").json()["status"] == "cancelled"
    assert carried_out(caller.post(f"/installs/{install.pk}/retry/", {})).state == "succeeded"


def test_a_lost_connection_is_made_again_and_nothing_is_done_twice(
    drafted: Drafted, sshd: Sshd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("installs.running.AGAIN_SECONDS", 0.1)
    said, pid = tmp_path / "said", sshd.process.pid if sshd.process else 0
    # The step cuts the very connection it came by: it kills what sshd made for it.
    cut = f"for child in $(ps -o pid= --ppid {pid}); do kill -9 $child; done"
    run = planned_run(
        drafted(),
        step("cut", f"echo before >> {said}; {cut}; sleep 1; echo after >> {said}", probe=f"grep -q after {said}"),
    )

    run = ended(run)

    assert run.state == "succeeded", log_of(run)
    assert said.read_text() == "before\nafter\n"
    assert run.steps.get().attempts == 1 and "lost" in log_of(run)


def test_a_step_that_was_begun_five_times_is_given_up(drafted: Drafted) -> None:
    run = planned_run(drafted(), step("never", "true", probe="false"))
    run.steps.update(attempts=5)

    run = ended(run)

    assert run.state == "failed" and "5 times" in run.problem


def test_a_host_that_stays_away_fails_its_step(drafted: Drafted, sshd: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("installs.running.PATIENCE_SECONDS", 1.0)
    monkeypatch.setattr("installs.running.AGAIN_SECONDS", 0.2)
    run = planned_run(drafted(), step("one", "true"))
    sshd.stop()

    run = ended(run)

    assert run.state == "failed" and "does not answer" in run.problem


def test_a_script_that_talks_without_end_fills_no_log(drafted: Drafted) -> None:
    run = ended(planned_run(drafted(), step("talks", "seq 100000; printf '\\033[31mred\\033[0m\\n'")))

    assert run.state == "succeeded"
    assert 4_000 <= run.lines.count() <= 4_010
