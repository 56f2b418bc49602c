"""Work that may begin only once the rows it is about are committed."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec

from django.db import transaction

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")


def after_commit(fn: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
    """Call `fn` when the current transaction is committed, at once outside of one.

    An error in it is logged and goes no further: a dead broker must not fail a request whose rows are saved.
    """

    # A function of its own: Django names what failed by its `__qualname__`, which a partial does not have.
    def call() -> None:
        fn(*args, **kwargs)

    transaction.on_commit(call, robust=True)
