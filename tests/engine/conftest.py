"""The engine's tests run without a clock, a socket or a database: touching one is an error."""

from __future__ import annotations

import socket
import time
from typing import Any

import pytest


def _forbidden(*_args: Any, **_kwargs: Any) -> Any:
    raise AssertionError("the engine is pure: no clock, no socket")


@pytest.fixture(autouse=True)
def purity(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket can be opened and no sleep slept; without the `db` fixture pytest-django refuses every query."""
    monkeypatch.setattr(socket.socket, "connect", _forbidden)
    monkeypatch.setattr(time, "sleep", _forbidden)
