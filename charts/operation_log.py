"""The log of an operation: numbered lines, written as they come, followed live by its page."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import Max

from charts.models import HelmOperation, OperationLine
from web.live import publish
from web.printable import printable
from web.redact import redacted_text

MOST_LINES, LONGEST = 2_000, 2_000


def say(operation: HelmOperation, text: str, *, unless_said_last: bool = False) -> None:
    """Add a line. Past the limit nothing more is written, so that a talkative chart fills no disk."""
    text = "\n".join(printable(line) for line in redacted_text(text).splitlines())[:LONGEST]
    for _attempt in range(3):
        last = OperationLine.objects.filter(operation=operation).aggregate(Max("number"))["number__max"] or 0
        if last >= MOST_LINES:
            return
        if unless_said_last and OperationLine.objects.filter(operation=operation, number=last, text=text).exists():
            return
        try:
            with transaction.atomic():
                OperationLine.objects.create(operation=operation, number=last + 1, text=text)
                publish(f"helm_release:{operation.release_id}")
        except IntegrityError:
            # The late words of a worker that lost its lease took the number.
            continue
        return
