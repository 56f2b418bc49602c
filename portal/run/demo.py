"""`python -m portal.run.demo`: a story with the demo shop, told through the API as it happens.

A good version of checkout goes to production by canary and is promoted; one that answers errors and one that is slow
are caught by their analysis and aborted. It takes a few minutes. Without a running Slipway it starts one and keeps it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from portal.run.home import ROOT, Home
from portal.run.progress import read_progress
from portal.run.status import read_run

SERVICE, ENVIRONMENT, CLUSTER = "checkout", "prod", "sandbox"
SESSION = "1h"
# The sandbox's programs are built at the first start.
START_SECONDS, BUILD_SECONDS, STORY_SECONDS = 240, 1800, 600
LOOK_EVERY_SECONDS = 0.5
ANALYSIS = {"templates": ["success-rate", "latency-p99"], "interval_seconds": 5, "count": 3}
STRATEGY = {
    "type": "canary",
    "traffic": "replicas",
    "max_surge": 1,
    "steps": [
        {"set_weight": 25},
        {"analysis": ANALYSIS},
        {"set_weight": 50},
        {"pause": {"seconds": 10}},
    ],
}


# Status and reason of the two endings that the story has.
PROMOTED = {("succeeded", "")}
CAUGHT = {("aborted", "AnalysisFailed")}


class DemoFailed(Exception):
    """The story cannot be told; the message says why and what to do next."""


def tell(api: httpx.Client, url: str, home: Home) -> bool:
    """Play all three releases, print what happens; answers whether each ended as it should."""
    _until(lambda: _is_furnished(api), BUILD_SECONDS, "the demo shop was not taken into the catalog", _Progress(home))
    first = _next_version(api)
    story = (
        (f"{first}", PROMOTED, "A good version: a quarter of the pods, measured, then half of them, then all."),
        (f"{first}-errors", CAUGHT, "A version in which a fifth of all requests fail: its analysis must notice."),
        (f"{first}-slow", CAUGHT, "A version that works and is slow: its analysis must notice that as well."),
    )
    went_well = True
    for version, expected, about in story:
        print(f"\n== {SERVICE} {version}\n   {about}", flush=True)
        release = _play(api, version)
        ended = (release["status"], release["reason"])
        went_well = went_well and ended in expected
        what = release["status"] + (", as it should" if ended in expected else f" ({release['reason']}), unexpectedly")
        print(f"   -> {what}. {release.get('message') or ''}\n   {release['links']['ui']}", flush=True)
    print(f"\nWhat runs, and all three releases: {url}/services/{SERVICE}/", flush=True)
    return went_well


def _play(api: httpx.Client, version: str) -> dict[str, Any]:
    """Release a version and print its timeline until it has ended; answers the release."""
    image = f"{_repository(api)}:{version}"
    wish = {"service": SERVICE, "environment": ENVIRONMENT, "image": image, "strategy": STRATEGY, "supersede": True}
    release = _said(api.post("releases/", json=wish))
    path, seen = f"releases/{release['id']}/", 0
    print(f"   {_said(api.get(path))['links']['ui']}", flush=True)
    give_up = time.monotonic() + STORY_SECONDS
    while True:
        now: dict[str, Any] = _said(_patiently(api, path))
        for event in _said(_patiently(api, f"{path}events/?after={seen}"))["results"]:
            seen = event["seq"]
            print(f"   {event['at'][11:19]}  {event['message']}", flush=True)
        if now["finished_at"]:
            return now
        if time.monotonic() > give_up:
            raise DemoFailed(f"The release of {version} has not ended in {STORY_SECONDS} s: look at its page above.")
        time.sleep(LOOK_EVERY_SECONDS)


def _is_furnished(api: httpx.Client) -> bool:
    cluster = api.get(f"clusters/{CLUSTER}/")
    if cluster.status_code != httpx.codes.OK or cluster.json()["status"] != "connected":
        return False
    return bool(api.get(f"services/{SERVICE}/").is_success and _runs(api))


def _runs(api: httpx.Client) -> str:
    """The image of checkout that was last seen in production, "" while that is not known."""
    targets = _said(api.get(f"services/{SERVICE}/targets/"))["results"]
    seen = [target["seen"] for target in targets if target["environment"] == ENVIRONMENT and target["seen"]]
    return str(seen[0]["image"]) if seen else ""


def _repository(api: httpx.Client) -> str:
    return _runs(api).rpartition(":")[0]


def _next_version(api: httpx.Client) -> str:
    """The patch release after what runs, so that the demo can be played again."""
    numbers = re.match(r"(\d+)\.(\d+)\.(\d+)", _runs(api).rpartition(":")[2])
    if numbers is None:
        raise DemoFailed(f"{SERVICE} runs {_runs(api)}, which has no version to follow: use a fresh SLIPWAY_HOME.")
    return f"{numbers[1]}.{numbers[2]}.{int(numbers[3]) + 1}"


def _said(answer: httpx.Response) -> Any:
    if answer.is_error:
        raise DemoFailed(
            f"{answer.request.method} {answer.request.url.path} answered {answer.status_code}: {answer.text}"
        )
    return answer.json()


def _patiently(api: httpx.Client, path: str) -> httpx.Response:
    """GET, and again while nothing answers: what dies of Slipway comes back within seconds, and no release is lost."""
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            return api.get(path)
        except httpx.TransportError as error:
            if time.monotonic() > give_up:
                raise DemoFailed(f"Slipway no longer answers ({error}): see `make status`.") from error
            time.sleep(LOOK_EVERY_SECONDS)


class _Progress:
    """Says what the sandbox is doing, when it does something else than before."""

    def __init__(self, home: Home) -> None:
        self._home, self._last = home, ""

    def __call__(self) -> None:
        told = read_progress(self._home.sandbox_progress)
        message = str(told.get("message", "")) if told else ""
        if message and message != self._last:
            self._last = message
            print(f"   sandbox: {message}", flush=True)


def _until(
    is_so: Callable[[], bool], seconds: float, otherwise: str, meanwhile: Callable[[], None] = lambda: None
) -> None:
    give_up = time.monotonic() + seconds
    while not is_so():
        meanwhile()
        if time.monotonic() > give_up:
            raise DemoFailed(f"After {seconds:.0f} s {otherwise}: see `make status`.")
        time.sleep(LOOK_EVERY_SECONDS)


def _token(home: Home) -> str:
    """A token of the first administrator that dies soon."""
    words = [sys.executable, "manage.py", "create_token", "admin", "--name", "demo", "--expires", SESSION]
    surroundings = {**os.environ, "SLIPWAY_HOME": str(home.path), "SLIPWAY_LOCAL": "1"}
    done = subprocess.run(words, cwd=ROOT, env=surroundings, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise DemoFailed(f"No token could be made for admin: {done.stderr.strip()[-500:]}")
    return done.stdout.strip()


def _with_key(request: httpx.Request) -> None:
    if request.method == "POST":
        request.headers["Idempotency-Key"] = uuid4().hex


def _started(home: Home) -> subprocess.Popen[bytes] | None:
    """Slipway of this home: None when it runs already, else the process that was started."""
    if _answers(read_run(home).get("url", "")):
        return None
    print("Starting Slipway and its sandbox; the first time the sandbox's programs are built, about seven minutes.")
    print(f"Sign in as admin, with the password in {home.admin_password}; the log is {home.logs / 'slipway.log'}.")
    words = [sys.executable, "-m", "portal.supervisor", "run"]
    return subprocess.Popen(words, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _answers(url: str) -> bool:
    try:
        return bool(url) and httpx.get(f"{url}/healthz/ready", timeout=5, trust_env=False).is_success
    except httpx.TransportError:
        return False


def _show(url: str) -> None:
    """Open the page where there is a screen to open it on."""
    if sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        webbrowser.open(url)


def main() -> int:
    """Tell the story. Answers 1 when a release did not end as it should."""
    home = Home.open(os.environ.get("SLIPWAY_HOME") or Path(ROOT) / ".slipway")
    started = _started(home)
    try:
        _until(lambda: _answers(read_run(home).get("url", "")), START_SECONDS, "Slipway did not answer")
        url = read_run(home)["url"]
        headers = {"Authorization": f"Bearer {_token(home)}"}
        hooks: dict[str, list[Callable[..., Any]]] = {"request": [_with_key]}
        with httpx.Client(
            base_url=f"{url}/api/v1/", headers=headers, event_hooks=hooks, timeout=30, trust_env=False
        ) as api:
            went_well = tell(api, url, home)
        _show(f"{url}/services/{SERVICE}/")
        if started is not None:
            print("Slipway goes on running; Ctrl-C ends it.", flush=True)
            started.wait()
    except DemoFailed as failure:
        print(f"demo: {failure}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        if started is not None:
            started.terminate()
            started.wait()
    return 0 if went_well else 1


if __name__ == "__main__":
    sys.exit(main())
