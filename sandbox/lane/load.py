"""Requests to the lane's entrance, counted by the version that answered. Bounded in number, rate and time."""

import asyncio
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import urlsplit

CONNECTIONS = 8
ANSWER_WITHIN_SECONDS = 15.0
MOST_SECONDS = 600.0


@dataclass
class Counts:
    """What became of requests. A failure is no answer, or a status from 500 up."""

    by_version: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    @property
    def answered(self) -> int:
        return sum(self.by_version.values())

    def share(self, version: str) -> float:
        """Which part of the answered requests this version answered, 0 to 1."""
        return self.by_version[version] / self.answered


@dataclass(frozen=True)
class Answer:
    """One answer of the lane."""

    status: int
    headers: dict[str, str]
    cookies: dict[str, str]


class Connection:
    """A kept-alive connection to the entrance, opened when needed."""

    def __init__(self, entrance: str, host: str) -> None:
        parts = urlsplit(entrance)
        self._address = parts.hostname or "", parts.port or 80
        self._host = host
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def get(self, *, cookies: dict[str, str] | None = None) -> Answer:
        """GET /. Raises OSError, EOFError or TimeoutError when there is no answer."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                return await self._get(cookies or {})
        except BaseException:
            self.close()
            raise

    async def _get(self, cookies: dict[str, str]) -> Answer:
        if self._writer is None or self._reader is None:
            self._reader, self._writer = await asyncio.open_connection(*self._address)
        sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
        cookie = f"Cookie: {sent}\r\n" if sent else ""
        self._writer.write(f"GET / HTTP/1.1\r\nHost: {self._host}\r\n{cookie}\r\n".encode())
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers: dict[str, str] = {}
        jar: SimpleCookie = SimpleCookie()
        for line in head[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "set-cookie":
                jar.load(value.strip())
            elif name:
                headers[name.lower()] = value.strip()
        await self._reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection", "").lower() == "close":
            self.close()
        return Answer(int(head[0].split()[1]), headers, {name: morsel.value for name, morsel in jar.items()})

    def close(self) -> None:
        """Close it; the next request opens another."""
        if self._writer is not None:
            self._writer.close()
        self._reader = self._writer = None


class Load:
    """Requests in the background at a steady rate: `with Load(entrance, host) as load`, then `load.counts`."""

    def __init__(self, entrance: str, host: str, *, per_second: float = 150.0) -> None:
        self._entrance, self._host, self._per_second = entrance, host, per_second
        self._lock, self._counts = threading.Lock(), Counts()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._send()), daemon=True)

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        self._thread.join(ANSWER_WITHIN_SECONDS + 5)

    def take(self) -> Counts:
        """What was counted since the last call."""
        with self._lock:
            counts, self._counts = self._counts, Counts()
        return counts

    def at_least(self, requests: int, *, within_seconds: float = 120.0) -> Counts:
        """Wait for so many more answers and take the counts. Raises TimeoutError."""
        self.take()
        give_up = time.monotonic() + within_seconds
        while self._counts.answered < requests:
            if time.monotonic() > give_up or not self._thread.is_alive():
                raise TimeoutError(f"{self._counts.answered} of {requests} requests in {within_seconds:g} s")
            time.sleep(0.05)
        return self.take()

    async def _send(self) -> None:
        until = time.monotonic() + MOST_SECONDS
        await asyncio.gather(*(self._use(Connection(self._entrance, self._host), until) for _ in range(CONNECTIONS)))

    async def _use(self, connection: Connection, until: float) -> None:
        pause, due = CONNECTIONS / self._per_second, time.monotonic()
        while not self._stop.is_set() and (now := time.monotonic()) < until:
            # What a stall has held back is not sent at once afterwards.
            due = max(due + pause, now - pause)
            await asyncio.sleep(max(0.0, due - now))
            try:
                answer = await connection.get()
            except (OSError, EOFError, TimeoutError) as error:
                self._note(failure=f"no answer: {error!r}")
                continue
            version = answer.headers.get("x-version", "")
            if answer.status >= 500 or not version:
                self._note(failure=f"{answer.status} from {version or 'the router'}")
            else:
                self._note(version=version)
        connection.close()

    def _note(self, *, version: str = "", failure: str = "") -> None:
        with self._lock:
            if failure:
                self._counts.failures.append(f"{time.strftime('%H:%M:%S')} {failure}")
            else:
                self._counts.by_version[version] += 1


def visit(entrance: str, host: str, cookies: dict[str, str], times: int) -> list[tuple[str, dict[str, str]]]:
    """One visitor's requests one after the other, who keeps cookies: version and cookies after each."""

    async def go() -> list[tuple[str, dict[str, str]]]:
        connection, jar, found = Connection(entrance, host), dict(cookies), []
        for _ in range(times):
            answer = await connection.get(cookies=jar)
            jar |= answer.cookies
            found.append((answer.headers.get("x-version", f"status {answer.status}"), dict(jar)))
        connection.close()
        return found

    return asyncio.run(go())
