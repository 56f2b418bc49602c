"""What somebody has to hear of at once when it happens at the front door. Rooms that can tell add to `LISTENERS`."""

from __future__ import annotations

from typing import Protocol

from django.urls import reverse


class Listener(Protocol):
    """Tells whoever wants to know. The same `key` again tells nobody twice."""

    def __call__(self, event: str, *, key: str, title: str, text: str, path: str) -> object: ...


LISTENERS: list[Listener] = []


def tell(event: str, *, key: str, title: str, text: str) -> None:
    """Pass it on, inside the transaction of what happened; it leads to the audit log."""
    for listener in LISTENERS:
        listener(event, key=key, title=title, text=text, path=reverse("audit"))
