"""The portal as one ASGI application: live streams are raw applications before Django.

A Django view holds a thread and a database connection for as long as a stream is open; a raw application holds neither.
"""

from __future__ import annotations

import os
import warnings
from typing import TYPE_CHECKING, Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
os.environ.setdefault("SLIPWAY_PROCESS", "web")

import django

# WhiteNoise reads files in a thread; Django says so once a process, and small files are nothing to warn about.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Scope = MutableMapping[str, Any]
    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

django.setup(set_prefix=False)

# Models can be imported only once Django is set up.
from accounts.api_auth import user_for_session  # noqa: E402
from deployments.stream import Stream  # noqa: E402
from deployments.wait import Wait  # noqa: E402
from installs.stream import Stream as InstallStream  # noqa: E402
from portal.body_limit import BodyLimit  # noqa: E402
from portal.in_threads import InThreads  # noqa: E402
from portal.settle import settle  # noqa: E402
from web.live_stream import LiveStream  # noqa: E402

everything_else: App = InThreads()

# (matches the path, application): the first match answers, everything else is Django's.
ROUTES: list[tuple[Callable[[str], bool], App]] = [
    (lambda path: path == "/live/", LiveStream(user_for_session)),
    (Wait.matches, Wait(everything_else)),
    (Stream.matches, Stream(everything_else)),
    (InstallStream.matches, InstallStream(everything_else)),
]


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one connection."""
    if scope["type"] == "lifespan":
        await _live_and_end(receive, send)
        return
    path: str = scope["path"]
    chosen: App = next((app for matches, app in ROUTES if matches(path)), everything_else)
    await BodyLimit(chosen)(scope, receive, send)


async def _live_and_end(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            settle(pages=True)
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
