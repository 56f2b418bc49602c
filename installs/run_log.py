"""The log of a run: numbered lines, written as they come, followed live by its page. Nothing secret is in them."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import IntegrityError, transaction
from django.db.models import Max

from installs.models import InstallLine, InstallRun
from web.live import publish
from web.printable import printable
from web.redact import MASK, redacted_text

MOST_LINES, LONGEST = 20_000, 2_000
MOST_OF_A_STEP = 4_000
# Shorter ones are words that occur in any text.
_SHORTEST_SECRET = 4


class Log:
    """The log of one run, written by one thread."""

    def __init__(self, run: InstallRun, secrets: Iterable[str] = ()) -> None:
        self._run = run
        self._secrets: set[str] = set()
        self._of_step: dict[str, int] = {}
        self._number = self._last()
        self.hide(secrets)

    def hide(self, secrets: Iterable[str]) -> None:
        """Mask these values from now on, and each longer line of them."""
        for secret in secrets:
            parts = [secret, *(line for line in secret.splitlines() if len(line) >= 16)]
            self._secrets.update(part for part in parts if len(part) >= _SHORTEST_SECRET)

    def masked(self, text: str) -> str:
        """The text as it may be shown: no secret, no control characters."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, MASK)
        return printable(redacted_text(text))

    def say(self, text: str, *, host: str = "", step: str = "") -> None:
        """Add a line."""
        self.add([text], host=host, step=step)

    def add(self, lines: Iterable[str], *, host: str = "", step: str = "") -> None:
        """Add lines. Past the limits nothing more is written, so that a talkative script fills no disk."""
        kept = [self.masked(line)[:LONGEST] for line in lines]
        if step:
            room = MOST_OF_A_STEP - self._of_step.get(step, 0)
            self._of_step[step] = self._of_step.get(step, 0) + len(kept)
            if 0 < room < len(kept):
                kept = [*kept[:room], "…"]
            elif room <= 0:
                return
        kept = kept[: max(0, MOST_LINES - self._number)]
        if not kept:
            return
        for _attempt in range(3):
            rows = [
                InstallLine(run=self._run, number=self._number + offset, host=host, step=step, text=text)
                for offset, text in enumerate(kept, start=1)
            ]
            try:
                with transaction.atomic():
                    InstallLine.objects.bulk_create(rows)
                    publish(f"install:{self._run.install_id}")
            except IntegrityError:
                # The late words of a worker that lost its lease took a number.
                self._number = self._last()
                continue
            self._number += len(rows)
            return

    def _last(self) -> int:
        return InstallLine.objects.filter(run=self._run).aggregate(Max("number"))["number__max"] or 0
