"""Database connections of threads that answer no request of Django's."""

from __future__ import annotations

from django.db import connections


def let_go() -> None:
    """End one piece of work on this thread's connections as the end of a request does: keep those that are young and
    whole, close the others, give pooled ones back."""
    for connection in connections.all(initialized_only=True):
        connection.close_if_unusable_or_obsolete()
