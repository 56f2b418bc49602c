"""What issuers publish of themselves, their configuration and their keys, kept in this process for a while.

Identity providers and the issuers of CI tokens are asked in this one way:

1. What is kept and fresh is answered at once.
2. One thread asks for all that want the same; the others wait for its answer.
3. An issuer that does not answer is left alone for some seconds: what came of the last question is said again. What it
   showed within the last hour counts meanwhile, where the reader says so; nobody waits then, so that an issuer that is
   slow holds one thread and not all.
4. A key that is not there may have come since, and is looked for; not more often than every few seconds, whatever is
   sent.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from django.utils.translation import gettext as _

from accounts.oidc.asking import Answer, Door, NotAnswered, shown

FRESH_SECONDS = 300.0
AGAIN_SECONDS = 10.0
SILENT_SECONDS = 5.0
LASTING_SECONDS = 3600.0
MOST_BYTES = 256 * 1024
MOST_KEPT = 256
clock = time.monotonic
T = TypeVar("T")


@dataclass(frozen=True)
class Issuer:
    """Whom to ask. `version` tells apart what was read for one purpose from what was read for another."""

    url: str
    allow_private: bool
    version: str = ""


@dataclass
class _Kept:
    """What came of the last questions; `turn` is held by who asks."""

    turn: threading.Lock = field(default_factory=threading.Lock)
    value: Any = None
    fetched_at: float | None = None
    failure: Exception | None = None
    failed_at: float = 0.0


_kept: OrderedDict[tuple[Issuer, str], _Kept] = OrderedDict()
_lock = threading.Lock()


def configuration_of(issuer: Issuer, read: Callable[[dict[str, Any]], T]) -> T:
    """What `read` makes of the configuration. Raises NotAnswered and what `read` raises."""
    url = f"{issuer.url.rstrip('/')}/.well-known/openid-configuration"
    return _known(issuer, "configuration", lambda: read(_object(issuer, url)), lambda _value: True, lasts=False)


def keys_of(
    issuer: Issuer,
    address: Callable[[], str],
    read: Callable[[dict[str, Any]], T],
    *,
    is_enough: Callable[[T], bool] = lambda _keys: True,
    lasts: bool = False,
) -> T:
    """What `read` makes of the keys at `address()`. Where `is_enough` says no, the issuer may have others by now and is
    asked. `lasts`: keys that it showed within the last hour count while it is silent.

    Raises NotAnswered, and what `address` and `read` raise.
    """
    return _known(issuer, "keys", lambda: read(_object(issuer, address())), is_enough, lasts=lasts)


def forget(issuer: Issuer) -> None:
    """Ask this one anew at the next question."""
    with _lock:
        for what in ("configuration", "keys"):
            _kept.pop((issuer, what), None)


def forget_all() -> None:
    """Ask every issuer anew."""
    with _lock:
        _kept.clear()


def _known(issuer: Issuer, what: str, ask: Callable[[], T], is_enough: Callable[[T], bool], *, lasts: bool) -> T:
    def still_counts() -> bool:
        return lasts and _age(kept) < LASTING_SECONDS and is_enough(kept.value)

    kept = _row(issuer, what)
    if not _answers(kept, is_enough) and kept.turn.acquire(blocking=not still_counts()):
        try:
            if not _answers(kept, is_enough):
                _ask_unless_silent(kept, ask)
                if kept.failure is not None and not still_counts():
                    raise kept.failure.with_traceback(None)
        finally:
            kept.turn.release()
    value: T = kept.value
    return value


def _ask_unless_silent(kept: _Kept, ask: Callable[[], Any]) -> None:
    if kept.failure is not None and clock() - kept.failed_at < SILENT_SECONDS:
        return
    try:
        kept.value = ask()
    except Exception as failure:
        kept.failure, kept.failed_at = failure, clock()
        return
    kept.fetched_at, kept.failure = clock(), None


def _answers(kept: _Kept, is_enough: Callable[[Any], bool]) -> bool:
    """Whether what is kept can be answered without asking."""
    age = _age(kept)
    return age < FRESH_SECONDS and (age < AGAIN_SECONDS or is_enough(kept.value))


def _age(kept: _Kept) -> float:
    return LASTING_SECONDS if kept.fetched_at is None else clock() - kept.fetched_at


def _row(issuer: Issuer, what: str) -> _Kept:
    with _lock:
        row = _kept.setdefault((issuer, what), _Kept())
        _kept.move_to_end((issuer, what))
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
        return row


def _object(issuer: Issuer, url: str) -> dict[str, Any]:
    answer: Answer = Door(issuer.allow_private).get(url)
    answer.raise_for_status()
    if answer.status_code != 200:
        raise NotAnswered(
            _("%(url)s answers with a redirect, which is not followed") % {"url": shown(url)}
            if 300 <= answer.status_code < 400
            else _("%(url)s answered %(status)d") % {"url": shown(url), "status": answer.status_code},
            _("Enter the issuer's final address."),
        )
    if len(answer.body) > MOST_BYTES:
        raise NotAnswered(_("%(url)s answers more than %(size)d kB") % {"url": shown(url), "size": MOST_BYTES // 1024})
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise NotAnswered(_("%(url)s answers no JSON object") % {"url": shown(url)}, _("Check the issuer."))
    return found
