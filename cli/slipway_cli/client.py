"""Calls to the portal: the token, patience with what passes, and errors in words.

1. A connection that is refused or lost, 429 and 5xx are tried again with growing pauses, as `Retry-After` asks where it
   does, until the patience is used up. A POST carries an Idempotency-Key, so that trying again never does it twice.
2. 409 for a key whose first request is still being answered is such a case as well: the portal died, or is slow.
3. 401 is tried once more where the token can be renewed.
4. Redirects are not followed: the token would go where somebody else says.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

import click

from slipway_cli import __version__
from slipway_cli.errors import NotSignedIn, Refused, Trouble, Unreachable
from slipway_cli.keys import random_key
from slipway_cli.place import CA_FILE, Place, Token, find_token, is_loopback
from slipway_cli.text import painted

if TYPE_CHECKING:
    import ssl

    import httpx

PATIENCE = "SLIPWAY_RETRY_SECONDS"
AT_A_TERMINAL, IN_A_JOB = 5.0, 60.0
CONNECT_SECONDS, READ_SECONDS = 10.0, 60.0
LONGEST_PAUSE = 15.0
PORTION = 200
PASSING = frozenset({429, 500, 502, 503, 504})
# An answer in the portal's own words is no gateway's hiccup: it is not worth a minute of trying.
TRIES_OF_A_PROBLEM = 3
CLAIMED = "idempotency_in_progress"
PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_replayed(self) -> bool:
        """Whether it is what an earlier call under the same key was answered."""
        return self.headers.get("idempotency-replayed") == "true"

    def json(self) -> Any:
        """The body. Raises Trouble when it is none of ours, as the page of a proxy."""
        try:
            return json.loads(self.content) if self.content else None
        except ValueError as error:
            kind = self.headers.get("content-type", "").partition(";")[0]
            raise Trouble(
                f"The answer is not JSON ({self.status}, {kind or 'no content type'})",
                "Something else answers at this address, maybe a proxy or a sign-in page.",
                next="look at SLIPWAY_URL",
            ) from error


@dataclass
class Client:
    """One portal as one caller sees it; `patience` is for how many seconds a call is tried again."""

    place: Place
    given: Token | None = None
    patience: float = -1.0

    def __post_init__(self) -> None:
        self.patience = usual_patience() if self.patience < 0 else self.patience

    @cached_property
    def token(self) -> Token:
        """Found at the first call that needs one."""
        return self.given or find_token(self.place)

    @cached_property
    def http(self) -> httpx.Client:
        """Connections are kept open between calls."""
        return connections(self.place.url)

    def get(self, path: str, *, seconds: float = READ_SECONDS, until: float | None = None, **query: Any) -> Any:
        """The JSON of a GET. Raises Refused, Unreachable, NotSignedIn."""
        return self.call("GET", path, query=query, seconds=seconds, until=until).json()

    def post(self, path: str, body: Any = None, *, key: str = "", **query: Any) -> Any:
        """The JSON of a POST, under a new key unless one is given."""
        return self.call("POST", path, body=body or {}, key=key or random_key(), query=query).json()

    def rows(self, path: str, limit: int, **query: Any) -> list[dict[str, Any]]:
        """At most `limit` rows of a list, over as many portions as it takes."""
        portion = self.get(path, **{**query, "limit": min(limit, PORTION)})
        found: list[dict[str, Any]] = list(portion["results"])
        while len(found) < limit and portion.get("next"):
            # Only the query is taken: behind a proxy the portal may know itself by another name.
            portion = self.get(path, **dict(parse_qsl(urlsplit(portion["next"]).query)))
            found += portion["results"]
        return found[:limit]

    def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        key: str = "",
        headers: Mapping[str, str] | None = None,
        seconds: float = READ_SECONDS,
        until: float | None = None,
    ) -> Answer:
        """One call below /api/v1/, answered with success. `until`: when patience ends, by the monotonic clock."""
        tries = Tries(self.patience, until)
        told = {**(headers or {}), **({"Idempotency-Key": key} if key else {})}
        url = f"{self.place.url}/api/v1/{path.lstrip('/')}"
        asked = {name: value for name, value in (query or {}).items() if value not in (None, "")}
        renewed = False
        while True:
            answer = self._once(method, url, body, asked, told, seconds, tries)
            if answer is None:
                continue
            if answer.status < 300:
                return answer
            if answer.status == 401 and not renewed and self.token.renewed():
                renewed = True
                continue
            if tries.is_passing(answer):
                continue
            raise self._error(answer)

    def _once(
        self,
        method: str,
        url: str,
        body: Any,
        query: dict[str, Any],
        headers: dict[str, str],
        seconds: float,
        tries: Tries,
    ) -> Answer | None:
        """The answer, or None once it has waited after a lost connection."""
        httpx = _httpx()
        try:
            told = {**headers, "Authorization": f"Bearer {self.token.text(self.place)}"}
        except Unreachable as error:
            # What vouches for a job is away for a moment, or the portal that takes it.
            tries.lost(self.place.url, error)
            return None
        limits = httpx.Timeout(seconds, connect=CONNECT_SECONDS)
        try:
            got = self.http.request(method, url, json=body, params=query or None, headers=told, timeout=limits)
        except httpx.TransportError as error:
            tries.lost(self.place.url, error)
            return None
        except httpx.InvalidURL as error:
            raise Trouble(f"{url} is no address", str(error)) from error
        return Answer(got.status_code, got.headers, got.content)

    def _error(self, answer: Answer) -> Trouble:
        if 300 <= answer.status < 400:
            return Trouble(
                f"{self.place.url} sends elsewhere ({answer.status})",
                f"to {answer.headers.get('location', 'nowhere')}",
                next="set SLIPWAY_URL to where the portal is",
            )
        problem = problem_of(answer)
        if answer.status == 401:
            return NotSignedIn(
                f"{self.place.url} does not take the token of {self.token.source} (401)",
                str(problem.get("detail") or ""),
                next=f"slipway login --url {self.place.url}, or set SLIPWAY_TOKEN to a token that is valid",
                request_id=str(problem.get("request_id") or ""),
            )
        return Refused(answer.status, problem, next=HINTS.get(answer.status, ""), is_replayed=answer.is_replayed)


HINTS = {
    403: "ask who can grant it, or use a token with a wider scope",
    404: "look at the spelling; what another team owns looks as if it were not there",
    412: "read it again, then repeat",
    429: "wait a minute",
}


class Tries:
    """How often and how long one call was tried. Patience counts from the first failure, unless its end is given."""

    def __init__(self, patience: float, until: float | None = None) -> None:
        self.patience = patience
        self.until = until
        self.count = 0
        self.is_told = False

    def is_passing(self, answer: Answer) -> bool:
        """Whether to try again; has waited then."""
        is_problem = answer.headers.get("content-type", "").startswith(PROBLEM)
        claimed = answer.status == 409 and is_problem and _code(answer) == CLAIMED
        if not claimed and answer.status not in PASSING:
            return False
        if is_problem and answer.status >= 500 and self.count + 1 >= TRIES_OF_A_PROBLEM:
            return False
        why = "the first request with this key is still running" if claimed else f"it answered {answer.status}"
        return self._waited(why, _seconds(answer.headers.get("retry-after", "")))

    def lost(self, url: str, error: Exception) -> None:
        """Wait after a lost connection. Raises Unreachable when that makes no sense, or no more."""
        text = str(error) or type(error).__name__
        if "CERTIFICATE_VERIFY_FAILED" in text:
            raise Unreachable(
                f"The certificate of {url} is not trusted", text, next=f"name the file of your own CA in {CA_FILE}"
            ) from error
        if not self._waited(text, None):
            raise Unreachable(
                f"{url} does not answer", text, next="look whether the portal runs and SLIPWAY_URL is right"
            ) from error

    def _waited(self, why: str, asked: float | None) -> bool:
        self.count += 1
        self.until = time.monotonic() + self.patience if self.until is None else self.until
        growing = min(LONGEST_PAUSE, 0.25 * 2 ** min(self.count, 10)) * random.uniform(0.8, 1.2)  # noqa: S311
        pause = asked if asked is not None else growing
        if time.monotonic() + pause > self.until:
            return False
        if not self.is_told:
            self.is_told = True
            click.echo(painted(f"trying again: {why}", "grey"), err=True)
        time.sleep(pause)
        return True


def connections(url: str, *, seconds: float = READ_SECONDS) -> httpx.Client:
    """An HTTP client for one portal: certificates are always verified, proxies of the environment are used for other
    machines alone."""
    module = _httpx()
    headers = {"User-Agent": f"slipway-cli/{__version__}", "Accept": f"application/json, {PROBLEM}"}
    parts = urlsplit(url)
    outside = not is_loopback(parts.hostname or "")
    verify = trusted() if parts.scheme == "https" else _nobody()
    client: httpx.Client = module.Client(timeout=seconds, verify=verify, trust_env=outside, headers=headers)
    return client


def _httpx() -> Any:
    """Loaded at the first call, without the command that httpx brings: what that loads takes as long as all the rest,
    and where it is absent httpx does without."""
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    import httpx

    return httpx


def _nobody() -> ssl.SSLContext:
    """For plain HTTP: no certificate would be believed, and reading those of the machine is saved."""
    import ssl

    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def trusted() -> ssl.SSLContext | bool:
    """Which certificates are believed: those of the file named by SLIPWAY_CA_FILE, else those of this machine."""
    import ssl

    own = os.environ.get(CA_FILE, "")
    try:
        if own:
            return ssl.create_default_context(cafile=own)
        paths = ssl.get_default_verify_paths()
        if paths.cafile or paths.capath:
            return ssl.create_default_context()
    except OSError as error:
        raise Trouble(f"{CA_FILE} names {own}, which cannot be read", str(error)) from error
    return True


def quick(method: str, url: str, *, body: Any = None, token: str = "", seconds: float = 10.0) -> Answer:
    """One call without patience, to any address. Raises Unreachable."""
    httpx = _httpx()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with connections(url, seconds=seconds) as http:
            got = http.request(method, url, json=body, headers=headers)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        host = urlsplit(url).netloc
        raise Unreachable(f"{host} does not answer", str(error) or type(error).__name__) from error
    return Answer(got.status_code, got.headers, got.content)


def problem_of(answer: Answer) -> dict[str, Any]:
    """The problem document of an answer; of one that is none, what can be said all the same."""
    try:
        found = json.loads(answer.content)
    except ValueError:
        found = None
    if isinstance(found, dict) and "title" in found:
        return found
    return {"title": "The portal, or something before it, refused", "status": answer.status}


def segment(name: str) -> str:
    """A name as one part of a path, whatever characters it has."""
    return quote(name, safe="")


def usual_patience() -> float:
    """For how many seconds a call is tried again: longer where nobody sits and waits."""
    text = os.environ.get(PATIENCE, "")
    if text.replace(".", "", 1).isdigit():
        return float(text)
    from slipway_cli.progress import is_terminal

    return AT_A_TERMINAL if is_terminal() else IN_A_JOB


def _code(answer: Answer) -> str:
    return str(problem_of(answer).get("type", "")).rpartition(":")[2]


def _seconds(text: str) -> float | None:
    """`Retry-After` in seconds; a date or nothing is left to our own pauses."""
    return float(text) if text.isascii() and text.isdigit() and len(text) < 6 else None
