"""A CI job dies, is run again, races with another, or outlives the portal: one release, and the right exit code."""

from __future__ import annotations

import json
import os
import signal
import threading

import pytest

from tests.cli.command import Cli, Ended
from tests.cli.conftest import Shop
from tests.run.slipway import wait_until

pytestmark = pytest.mark.sandbox
IMAGE = "registry.shop.example"
SHORT = json.dumps({"type": "canary", "steps": [{"set_weight": 50}, {"pause": {"seconds": 6}}]})
HELD = json.dumps({"type": "canary", "steps": [{"set_weight": 50}, {"pause": {}}]})


def job(cli: Cli, run: str, name: str = "deploy") -> Cli:
    """The command inside a job of GitHub Actions."""
    return cli.with_(
        CI="true",
        GITHUB_REPOSITORY="shop/basket",
        GITHUB_RUN_ID=run,
        GITHUB_RUN_ATTEMPT="1",
        GITHUB_JOB=name,
        GITHUB_SHA="4f2a9c1",
    )


def together(*calls: tuple[Cli, tuple[str, ...]]) -> list[Ended]:
    """All at once."""
    ended: dict[int, Ended] = {}
    threads = [
        threading.Thread(target=lambda i=index, c=cli, a=arguments: ended.update({i: c(*a)}))  # type: ignore[misc]
        for index, (cli, arguments) in enumerate(calls)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [ended[index] for index in range(len(calls))]


def test_killed_between_asking_and_waiting_it_goes_on_when_it_is_run_again(cli: Cli, shop: Shop) -> None:
    asked = ("deploy", "basket", "dev", "-i", f"{IMAGE}/basket:3.0.0", "-s", SHORT, "--wait")
    first = job(cli, "1001").begin(*asked)
    release = first.release_id()
    first.process.kill()
    assert first.end().code == -signal.SIGKILL

    again = job(cli, "1001")(*asked)

    assert again.code == 0, again.err
    assert f"this job began it before: release {release}" in again.err
    assert [row["id"] for row in shop.releases("basket", "dev", "3.0.0")] == [release]
    assert shop.release(release)["commit"] == "4f2a9c1"
    assert shop.release(release)["source_url"] == "https://github.com/shop/basket/actions/runs/1001"


def test_the_same_job_twice_at_once_is_one_release(cli: Cli, shop: Shop) -> None:
    asked = ("deploy", "catalog", "dev", "-i", f"{IMAGE}/catalog:3.1.0", "--wait", "-o", "json")

    one, two = together((job(cli, "1002"), asked), (job(cli, "1002"), asked))

    assert (one.code, two.code) == (0, 0), one.err + two.err
    assert one.json["id"] == two.json["id"]
    assert len(shop.releases("catalog", "dev", "3.1.0")) == 1


def test_of_two_jobs_that_race_one_is_told_what_blocks_it(cli: Cli, shop: Shop) -> None:
    def asked(version: str) -> tuple[str, ...]:
        return ("deploy", "checkout", "dev", "-i", f"{IMAGE}/checkout:{version}", "-s", SHORT, "--wait", "-o", "json")

    ended = together((job(cli, "1003"), asked("2.1.0")), (job(cli, "1004"), asked("2.2.0")))

    by_code = {one.code: one for one in ended}
    assert sorted(by_code) == [0, 6], [one.err for one in ended]
    assert "blocked by release" in by_code[6].err
    assert by_code[0].json["id"] in by_code[6].err
    assert len(shop.releases("checkout", "dev", "2.1.0", "2.2.0")) == 1


def test_the_portal_is_killed_during_the_long_poll(cli: Cli, shop: Shop) -> None:
    strategy = json.dumps({"type": "canary", "steps": [{"set_weight": 50}, {"pause": {"seconds": 12}}]})
    asked = ("deploy", "stock", "dev", "-i", f"{IMAGE}/stock:3.0.0", "-s", strategy, "--wait", "--timeout", "2m")
    running = job(cli, "1005").begin(*asked)
    shop.until(running.release_id(), "paused")
    killed = shop.run.pid("web")

    os.kill(killed, signal.SIGKILL)

    ended = running.end()
    assert ended.code == 0, ended.err
    assert "succeeded" in ended.out
    assert "trying again" in ended.err
    wait_until(shop.run.is_ready, 60, "the portal is whole again")
    assert len(shop.releases("stock", "dev", "3.0.0")) == 1


def test_the_portal_stays_away_until_the_time_is_up(cli: Cli, shop: Shop) -> None:
    running = cli.begin(
        "deploy", "stock", "staging", "-i", f"{IMAGE}/stock:3.0.0", "-s", HELD, "--wait", "--timeout", "12s"
    )
    release = running.release_id()
    shop.until(release, "paused")
    supervisor = shop.run.process
    assert supervisor is not None
    supervisor.send_signal(signal.SIGSTOP)
    os.kill(shop.run.pid("web"), signal.SIGKILL)
    try:
        ended = running.end()
    finally:
        supervisor.send_signal(signal.SIGCONT)

    assert ended.code == 3, ended.err
    assert "the portal does not answer" in ended.err
    wait_until(shop.run.is_ready, 60, "the portal is whole again")
    assert cli("promote", release, "--wait").code == 0


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interrupted_it_leaves_the_release_going(cli: Cli, shop: Shop, sent: signal.Signals, code: int) -> None:
    running = cli.begin(
        "deploy", "shipping", "dev", "-i", f"{IMAGE}/shipping:6.0.{code}", "-s", HELD, "--wait", "--timeout", "2m"
    )
    release = running.release_id()
    shop.until(release, "paused")

    running.process.send_signal(sent)

    ended = running.end()
    assert ended.code == code
    assert "Interrupted; the release goes on" in ended.err
    assert f"slipway wait {release}" in ended.err
    assert "Traceback" not in ended.err
    assert shop.release(release)["status"] == "paused"
    assert cli("abort", release).code == 0
    shop.until(release, "aborted")
