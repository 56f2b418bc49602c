"""Fills a database with many releases of a few services: most have ended, some wait to begin.

Usage: python -m benchmarks.seed_releases [--releases 10000] [--waiting 50] [--tokens 0]
       into the database that SLIPWAY_HOME or SLIPWAY_DATABASE_URL names; it must be empty.
Prints as JSON the ids of those that wait, and new tokens of an admin.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import TYPE_CHECKING

import django

if TYPE_CHECKING:
    from deployments.models import Release, Revision

SERVICES = 40


def fill_releases(many: int, waiting: int) -> list[str]:
    """Write all rows in bulk; answers the ids of the releases that wait."""
    from benchmarks.seed import Size, _revisions, fill
    from deployments.models import Release, Revision
    from services.models import Target

    fill(Size(services=SERVICES, clusters=4, releases=0))
    targets = list(Target.objects.select_related("cluster", "service__team").order_by("pk"))
    revisions = list(_revisions(targets))
    Revision.objects.bulk_create(revisions)
    rows = _releases(revisions, many)
    while batch := list(islice(rows, 1000)):
        Release.objects.bulk_create(batch)
    held = list(_waiting(revisions[:waiting], many))
    Release.objects.bulk_create(held)
    return [str(release.pk) for release in held]


def _releases(revisions: list[Revision], many: int) -> Iterator[Release]:
    """Ended ones, the targets in turn."""
    from benchmarks.seed import _releases as one_each

    now = datetime.now().astimezone()
    for number, revision in zip(range(many), cycle(revisions), strict=False):
        (release,) = one_each([revision])
        release.number = number + 1
        release.finished_at = now - timedelta(minutes=many - number)
        yield release


def _waiting(revisions: list[Revision], after: int) -> Iterator[Release]:
    """Those that wait for a window to open, which is not before tomorrow."""
    from benchmarks.seed import _releases as one_each
    from deployments.models import Status

    tomorrow = datetime.now().astimezone() + timedelta(days=1)
    for release in one_each(revisions):
        release.number = after + 1
        release.status, release.phase, release.reason = Status.WAITING, "Gated", "FreezeWindow"
        release.state = {**release.state, "phase": "Gated", "reason": "FreezeWindow", "finished_at": None}
        release.ended, release.holding, release.finished_at, release.wake_at = False, True, None, tomorrow
        yield release


def new_tokens(many: int) -> list[str]:
    """Tokens of `bench-admin`."""
    from accounts.commands.tokens import create_token
    from accounts.models import User

    admin = User.objects.get(username="bench-admin")
    return [create_token(admin, admin, f"bench-{number}")[1] for number in range(many)]


def main() -> int:
    """The command line; answers the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--releases", type=int, default=10_000)
    parser.add_argument("--waiting", type=int, default=50)
    parser.add_argument("--tokens", type=int, default=0)
    asked = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    waiting = fill_releases(asked.releases, asked.waiting)
    print(json.dumps({"waiting": waiting, "tokens": new_tokens(asked.tokens)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
