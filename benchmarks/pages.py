"""How long the portal needs for a page of a large organisation, how much SQL it asks, and how heavy the page is.

Seeds a database of its own (SQLite, or with --postgres a throw-away server), then gets each page as a person would.
The time is that of the whole request in the server: middleware, queries, rendering.

Usage: python -m benchmarks.pages [--quick] [--postgres] [--rounds 30] [--json FILE]
"""

from __future__ import annotations

import argparse
import gzip
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import django

from benchmarks.table import Line, percentile, show, write

if TYPE_CHECKING:
    from django.test import Client

    from accounts.models import User

P50_MS, P95_MS, SERVICE_P95_MS = 150, 400, 500
# Lists have a budget of twelve statements; a page with several panels asks for each.
MOST_QUERIES, MOST_QUERIES_OF_PANELS = 12, 18
WITH_PANELS = ("home", "cluster", "release", "service, 3 clusters dead")
HTML_KB, ASSETS_KB = 60, 200
DEAD_CLUSTERS = 3
SEERS = ("bench-admin", "bench-dev")


def addresses(user: User) -> dict[str, str]:
    """What is measured of what this person may see, by what the table calls it."""
    from clusters.models import Cluster
    from deployments.models import Approval, Release
    from notifications.models import Channel
    from services.models import Service

    shown = Service.objects.visible_to(user)[0]
    return {
        **(_of_installs() if user.is_admin else {}),
        "home": "/",
        "services": "/services/",
        "services, search": "/services/?search=checkout",
        "services, unwell": "/services/?health=degraded",
        "services, of one environment and health": "/services/?environment=prod&health=down",
        "releases": "/releases/",
        "releases, search": "/releases/?search=checkout",
        "release": Release.objects.visible_to(user)[0].get_absolute_url(),
        "promotions": "/promotions/",
        "promotions, ahead": "/promotions/?ahead=on",
        "promotions, ahead in a system": f"/promotions/?ahead=on&system={shown.system}",
        "clusters": "/clusters/",
        "cluster": Cluster.objects.visible_to(user)[0].get_absolute_url(),
        "environments": "/environments/",
        "palette": "/palette/?q=check",
        "approvals": "/approvals/",
        "approvals of others": "/approvals/?show=waiting",
        "approval": Approval.objects.visible_to(user)[0].get_absolute_url(),
        "analysis templates": "/analysis-templates/",
        "analysis template": "/analysis-templates/bench-0/",
        "strategy of an environment": "/environments/prod/strategy/",
        "strategy of a target": f"{shown.get_absolute_url()}targets/prod/strategy/",
        "channels": "/settings/channels/",
        "channel": Channel.objects.visible_to(user)[0].get_absolute_url(),
        "API approvals": "/api/v1/approvals/",
        "API promotions matrix": "/api/v1/promotions/matrix/",
        "API promotions matrix, ahead": "/api/v1/promotions/matrix/?ahead=true",
        "API analysis templates": "/api/v1/analysis-templates/",
        "API channels": "/api/v1/notification-channels/",
        "API services": "/api/v1/services/",
        "API releases": "/api/v1/releases/",
    }


def _of_installs() -> dict[str, str]:
    """The pages of an install that ran, which only admins see."""
    from installs.models import InstallRun

    run = InstallRun.objects.select_related("install")[0]
    at = run.install.get_absolute_url()
    return {
        "installs": "/installs/",
        "installs, search": "/installs/?search=node-1",
        "install": at,
        "install, hosts": f"{at}hosts/",
        "install, checks": f"{at}checks/",
        "install, one check": f"{at}checks/?host=node-1&check=swap",
        "install, network": f"{at}network/",
        "install, review": f"{at}review/",
        "install, run": f"{at}runs/{run.pk}/",
    }


def measure(rounds: int) -> list[Line]:
    """Each page for an admin, who sees everything, and for a developer of one team."""
    from accounts.models import User
    from portal.settle import settle

    # As the web process does before it answers the first request.
    settle(pages=True)
    lines = []
    for user in User.objects.filter(username__in=SEERS):
        person = _signed_in(user)
        for name, address in addresses(user).items():
            lines += _page(f"{name} ({user.username.removeprefix('bench-')})", person, address, rounds)
    lines += _service_with_dead_clusters(User.objects.get(username="bench-dev"), rounds)
    lines.append(Line("all assets", _assets_kb(), "kB", ASSETS_KB, "gzip"))
    return lines


def _page(
    name: str, person: Client, address: str, rounds: int, limits: tuple[float, float] = (P50_MS, P95_MS)
) -> list[Line]:
    queries = _queries(lambda: _get(person, address))
    walls, works = [], []
    for _ in range(rounds):
        began, worked = time.perf_counter(), time.process_time()
        body = _get(person, address)
        walls.append((time.perf_counter() - began) * 1000)
        works.append((time.process_time() - worked) * 1000)
    has_panels = name.partition(" (")[0] in WITH_PANELS
    note = f"{statistics.median(works):.0f} ms of CPU"
    lines = [
        Line(f"{name}: p50", round(percentile(walls, 0.5)), "ms", limits[0], note),
        Line(f"{name}: p95", round(percentile(walls, 0.95)), "ms", limits[1]),
        Line(f"{name}: SQL", queries, "queries", MOST_QUERIES_OF_PANELS if has_panels else MOST_QUERIES),
    ]
    if not address.startswith("/api/"):
        lines.append(Line(f"{name}: HTML", round(len(gzip.compress(body)) / 1000, 1), "kB", HTML_KB, "gzip"))
    return lines


def _service_with_dead_clusters(user: User, rounds: int) -> list[Line]:
    """The page of a service whose three environments are all on clusters that nobody has heard of for an hour."""
    from datetime import timedelta

    from django.utils import timezone

    from clusters.models import Cluster, WatchState
    from services.models import Service

    shown = Service.objects.visible_to(user)[0]
    dead = [target.cluster_id for target in shown.targets.all()][:DEAD_CLUSTERS]
    silent_since = timezone.now() - timedelta(hours=1)
    WatchState.objects.filter(cluster__in=dead).update(connected=False, contact_at=silent_since)
    Cluster.objects.filter(pk__in=dead).update(status=Cluster.Status.UNREACHABLE, last_seen_at=silent_since)
    limits = (SERVICE_P95_MS, SERVICE_P95_MS)
    return _page("service, 3 clusters dead", _signed_in(user), shown.get_absolute_url(), rounds, limits)


def _signed_in(user: User) -> Client:
    from django.test import Client

    person = Client(headers={"host": "localhost"})
    person.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return person


def _get(person: Client, address: str) -> bytes:
    answer = person.get(address)
    assert answer.status_code == 200, f"{address}: {answer.status_code}"
    return bytes(answer.content)


def _queries(ask: Callable[[], object]) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    ask()
    with CaptureQueriesContext(connection) as asked:
        ask()
    return len(asked)


def _assets_kb() -> float:
    """Every file that a page may load; what is compressed already does not shrink again."""
    from django.contrib.staticfiles.finders import get_finders

    unserved = re.compile(r"LICENSE|\.md$")
    files = {
        name: storage.path(name)
        for finder in get_finders()
        for name, storage in finder.list([])
        if not unserved.search(name)
    }
    return round(sum(len(gzip.compress(Path(file).read_bytes())) for file in files.values()) / 1000, 1)


@contextmanager
def database(*, postgres: bool, services: int) -> Iterator[None]:
    """A seeded database behind Django's settings, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="slipway-bench-") as folder:
        home = Path(folder)
        os.environ |= {
            "SLIPWAY_LOCAL": "1",
            "SLIPWAY_HOME": folder,
            "DJANGO_SETTINGS_MODULE": "portal.settings",
            "SLIPWAY_RATE_LIMIT": "1000000",
        }
        server = None
        if postgres:
            from tests.postgres import USER, start

            home.chmod(0o755)
            server = start(home / "postgres", os.getpid())
            os.environ["SLIPWAY_DATABASE_URL"] = f"postgres://{USER}@/postgres?host={home / 'postgres'}"
        try:
            django.setup()
            _seed(services)
            yield
        finally:
            if server:
                from django.db import connections

                connections.close_all()
                server.terminate()
                server.wait(30)


def _seed(services: int) -> None:
    from django.core.management import call_command
    from django.db import connection

    from benchmarks.seed import Size, fill

    call_command("migrate", verbosity=0)
    began = time.monotonic()
    counts = fill(Size(services, clusters=max(3, services // 100), releases=services // 2))
    if connection.vendor == "postgresql":
        # Its own daemon does this within a minute; SQLite has none, and is measured without.
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    print(", ".join(f"{count} {name}" for name, count in counts.items()), f"in {time.monotonic() - began:.0f} s")


def main() -> int:
    """The command line; answers 1 when a budget is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows, ten rounds")
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    asked = parser.parse_args()
    with database(postgres=asked.postgres, services=1_000 if asked.quick else 10_000):
        lines = measure(asked.rounds or (10 if asked.quick else 30))
    write(lines, asked.json)
    return 0 if show(lines) else 1


if __name__ == "__main__":
    sys.exit(main())
