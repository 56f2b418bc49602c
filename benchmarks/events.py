"""How long a change on the cluster takes to reach an open page.

A hand patches a Deployment's image past Slipway; a page of its service listens to the live stream as a browser does,
and fetches its fragment again at each message until the new version stands in it.

Usage: python -m benchmarks.events [--quick] [--json FILE]
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import closing
from pathlib import Path
from secrets import token_urlsafe

import httpx

from benchmarks.portal import Bench, bench, signed_in
from benchmarks.table import Line, percentile, show, write

EVENT_P95_SECONDS = 2.0
REPLICAS = 3
GIVE_UP_SECONDS = 30


def measure(run: Bench, rounds: int) -> list[Line]:
    """Seconds from the API server's answer to the hand until the fragment shows it."""
    run.new_service("seen", REPLICAS)
    run.until_complete("seen")
    password = token_urlsafe()
    run.portal.manage("create_user", "viewer", "--team", run.team, given=f"{password}\n")
    took = []
    with closing(signed_in(run.portal.url, "viewer", password)) as browser:
        for _ in range(rounds):
            image = run.next_image("seen")
            with browser.stream("GET", "/live/", params={"topics": "service:seen"}, timeout=GIVE_UP_SECONDS) as stream:
                lines = stream.iter_lines()
                # The stream is open once its first beat has come.
                next(line for line in lines if line.startswith("event: beat"))
                run.patch_image("seen", image)
                began = time.monotonic()
                version = image.rpartition(":")[2]
                while not (_is_news(next(lines)) and _shows(run.portal.url, browser.cookies, version)):
                    assert time.monotonic() - began < GIVE_UP_SECONDS, "the page never showed it"
                took.append(time.monotonic() - began)
            run.until_complete("seen", image=image)
    note = f"p50 {percentile(took, 0.5):.2f} s, {rounds} changes"
    return [Line("cluster event to screen, p95", round(percentile(took, 0.95), 2), "s", EVENT_P95_SECONDS, note)]


def _is_news(line: str) -> bool:
    return line.startswith("data:") and "service:seen" in line


def _shows(url: str, cookies: httpx.Cookies, version: str) -> bool:
    """Whether the fragment, fetched as htmx does, shows the version."""
    page = f"{url}/services/seen/"
    headers = {"HX-Request": "true"}
    answer = httpx.get(page, params={"fragment": "environments"}, headers=headers, cookies=cookies, trust_env=False)
    answer.raise_for_status()
    return f">{version}<" in answer.text


def main() -> int:
    """The command line; answers 1 when a budget is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="five changes")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    asked = parser.parse_args()
    with bench() as run:
        lines = measure(run, 5 if asked.quick else 20)
    write(lines, asked.json)
    return 0 if show(lines) else 1


if __name__ == "__main__":
    sys.exit(main())
