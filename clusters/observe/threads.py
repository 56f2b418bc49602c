"""Database work in threads that live as long as the process."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import close_old_connections

P = ParamSpec("P")
R = TypeVar("R")


def with_database(fn: Callable[P, R]) -> Callable[P, R]:
    """Give the connection back when `fn` returns: a thread that waits for its next work holds none, dead or alive."""

    @wraps(fn)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        close_old_connections()
        try:
            return fn(*args, **kwargs)
        finally:
            close_old_connections()

    return wrapped
