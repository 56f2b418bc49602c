"""What the cluster said of a plan holds for a release that begins at once, and for no other."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from accounts.models import User
from deployments.checks import CHECKS_HOLD_FOR, kept_checks, run_checks
from deployments.engine.json import Json
from deployments.engine.seen import Check
from deployments.models import Release
from deployments.spec import spec_of
from durable.clock import database_time
from services.models import Target
from tests.factories.deployments import new_release
from tests.factories.services import deployment_as_seen

PASSED = (Check("template", "passed"), Check("pod", "passed"))


@pytest.fixture
def release(target: Target, developer: User) -> Release:
    """Asked for a moment ago; no cluster answers, so that what is asked anew comes back as unknown."""
    return new_release(target, by=developer, phase="Gated")


def seen_at(version: str) -> Json:
    deployment = deployment_as_seen("checkout", "dev", "")
    return {**deployment, "metadata": {**deployment["metadata"], "resourceVersion": version}}


def statuses(release: Release, deployment: Json, now: datetime) -> set[str]:
    return {check.status for check in run_checks(release, spec_of(release), deployment, now, lambda: None)}


def test_a_release_that_begins_at_once_asks_nothing_twice(release: Release) -> None:
    now = database_time()
    release.checked = kept_checks(PASSED, seen_at("7"), now)
    assert statuses(release, seen_at("7"), now + timedelta(seconds=1)) == {"passed"}


def test_what_was_written_meanwhile_is_checked_anew(release: Release) -> None:
    now = database_time()
    release.checked = kept_checks(PASSED, seen_at("7"), now)
    assert "unknown" in statuses(release, seen_at("8"), now)


def test_an_answer_grows_old(release: Release) -> None:
    now = database_time()
    release.checked = kept_checks(PASSED, seen_at("7"), now)
    assert "unknown" in statuses(release, seen_at("7"), now + CHECKS_HOLD_FOR + timedelta(seconds=1))


@pytest.mark.parametrize("status", ["unknown", "refused"])
def test_only_a_plan_that_passed_is_kept(release: Release, status: str) -> None:
    now = database_time()
    release.checked = kept_checks((PASSED[0], replace(PASSED[1], status=status)), seen_at("7"), now)
    assert "unknown" in statuses(release, seen_at("7"), now)
