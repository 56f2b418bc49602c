"""Fills a database further with installs: many of them, the newest with twenty hosts, all their checks and a run."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from installs.models import Install

INSTALLS, HOSTS, STEPS_OF_A_HOST, LINES = 60, 20, 6, 2_000


def fill_installs() -> None:
    """Write all rows in bulk."""
    from installs.models import Install, InstallHost
    from installs.shapes import Config

    now = datetime.now().astimezone()
    config = asdict(Config("", "v1.37.2", package_repository="https://packages.bench.example/deb/"))
    config = {**config, "cert_sans": []}
    del config["name"]
    installs = Install.objects.bulk_create(
        Install(
            name=f"site-{index:02}",
            status="failed" if index % 9 == 0 else "checked",
            config=config,
            checked_at=now,
            created_at=now - timedelta(hours=index),
        )
        for index in range(INSTALLS)
    )
    InstallHost.objects.bulk_create(
        InstallHost(
            install=install,
            number=number,
            name=f"node-{number + 1}",
            address=f"192.0.2.{number + 1}",
            role="control_plane" if number == 0 else "worker",
            credential={"password": "bench"},  # type: ignore[misc]
        )
        for index, install in enumerate(installs)
        for number in range(2 if index else HOSTS)
    )
    _checks(installs[0])
    _run(installs[0], now)


def _checks(install: Install) -> None:
    from installs.check_words import TITLES
    from installs.models import CheckRecord

    fix = {"id": "swap_off", "title": "Turn swap off", "commands": ["swapoff -a", "systemctl mask swap.target"]}
    CheckRecord.objects.bulk_create(
        CheckRecord(
            install=install,
            host=f"node-{number + 1}",
            check_name=check,
            severity="error",
            status="fail" if check == "swap" and number % 5 == 0 else "pass",
            observed=f"{check} was looked at, and this is what was found on the host",
            expected="what kubeadm asks for",
            fix=fix if check == "swap" else None,
        )
        for check in TITLES
        for number in range(HOSTS)
    )


def _run(install: Install, now: datetime) -> None:
    from installs.models import InstallLine, InstallRun, InstallStep

    run = InstallRun.objects.create(install=install, kind="install", state="failed", problem="It stopped.", due_at=None)
    InstallStep.objects.bulk_create(
        InstallStep(
            run=run,
            number=stage * HOSTS + number,
            key=f"step-{stage}-{number}",
            host=f"node-{number + 1}",
            stage=stage,
            title=f"Step {stage} of the plan",
            plan={"script": "true\n" * 20},
            state="succeeded" if stage < STEPS_OF_A_HOST - 1 else "failed" if number == 0 else "pending",
            started_at=now,
        )
        for stage in range(STEPS_OF_A_HOST)
        for number in range(HOSTS)
    )
    InstallLine.objects.bulk_create(
        InstallLine(run=run, number=number, host=f"node-{number % HOSTS + 1}", text=f"line {number} of what it said")
        for number in range(1, LINES + 1)
    )
