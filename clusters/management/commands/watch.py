"""`manage.py watch`: the watcher process."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import Any

from django.core.management.base import BaseCommand

from clusters.observe.process import Watcher


class Command(BaseCommand):
    """Watches the registered clusters until SIGTERM or SIGINT; several may run, they share the clusters."""

    help = "Watch the registered clusters and keep what they hold as rows."
    # The checks load every URL and with them every page; this process serves none.
    requires_system_checks = ()

    def handle(self, **_options: Any) -> None:
        asyncio.run(_watch())
        # A thread that hangs in a database or a name server would hold the process up for longer than anyone waits.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


async def _watch() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await Watcher().run(stop)
