"""What can go wrong, each with what failed, why, and what to do next."""

from __future__ import annotations

from typing import IO, Any

import click

from slipway_cli import exits
from slipway_cli.text import clean, painted


class Stopped(KeyboardInterrupt):
    """The process was asked to end; `code` is what it ends with."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


class Trouble(click.ClickException):
    """The base: ends the command with `exit_code` and tells the person why."""

    def __init__(
        self, title: str, detail: str = "", *, next: str = "", request_id: str = "", code: int = exits.ERROR
    ) -> None:
        super().__init__(title)
        self.exit_code = code  # type: ignore[misc]  # click has one for a class
        self.title = title
        self.detail = detail
        self.next = next
        self.request_id = request_id

    def lines(self) -> list[str]:
        """The whole message; the first line without its label."""
        told = [self.title]
        told += [f"  {line}" for line in self.detail.splitlines()]
        told += [f"  next: {self.next}"] if self.next else []
        told += [f"  request id: {self.request_id}"] if self.request_id else []
        return [clean(line) for line in told]

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it on stderr."""
        first, *more = self.lines()
        click.echo(f"{painted('error:', 'red')} {first}", err=True)
        for line in more:
            click.echo(line, err=True)


class Unreachable(Trouble):
    """The portal did not answer, however often it was asked."""


class NotSignedIn(Trouble):
    """There is no token for the portal, or it does not take the one there is."""


class Refused(Trouble):
    """The portal answered with a problem document, or something else that is no success."""

    def __init__(self, status: int, problem: dict[str, Any], *, next: str = "", is_replayed: bool = False) -> None:
        self.status = status
        self.problem = problem
        # The answer to an earlier call under the same key: it says nothing of how things stand now.
        self.is_replayed = is_replayed
        reasons = [str(problem.get("detail") or ""), *_entries(problem), *_blockers(problem)]
        super().__init__(
            f"{problem.get('title') or 'The portal refused'} ({status})",
            "\n".join(reason for reason in reasons if reason),
            next=str(problem.get("next") or "") or next,
            request_id=str(problem.get("request_id") or ""),
            code=exits.of_problem(problem),
        )

    @property
    def code(self) -> str:
        """The stable word for what was refused, as `release_blocked`."""
        return str(self.problem.get("type", "")).rpartition(":")[2]


class GoesOn(Trouble):
    """Waiting has ended and the release has not: says how to look at it."""

    def __init__(self, release: dict[str, Any], title: str, code: int, *, detail: str = "") -> None:
        self.release = release
        name = release["id"]
        super().__init__(
            title,
            detail,
            next=f"slipway wait {name}, or slipway abort {name}. Its page: {release.get('links', {}).get('ui', '')}",
            code=code,
        )


def _entries(problem: dict[str, Any]) -> list[str]:
    """The values that were refused: those that repeat the detail say nothing new."""
    found = [entry for entry in problem.get("errors") or [] if isinstance(entry, dict)]
    told = [f"{entry.get('pointer', '')}: {entry.get('detail', '')}".lstrip(": ") for entry in found]
    return [line for line in told if not line.endswith(str(problem.get("detail")))] if len(told) == 1 else told


def _blockers(problem: dict[str, Any]) -> list[str]:
    told = []
    for one in problem.get("blocked_by") or []:
        if not isinstance(one, dict):
            continue
        facts = [f"{name} {value}" for name, value in one.items() if name not in ("kind", "detail") and value]
        told.append(f"blocked by {one.get('kind', '')}: {', '.join(facts)}".rstrip(": "))
    return told
