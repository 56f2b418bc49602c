"""The whole watcher: every second it learns what to watch, and it watches that until told to stop."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar
from uuid import UUID

from django.db import DatabaseError
from django.utils.translation import gettext as _

from clusters.connection import Endpoint, endpoint
from clusters.errors import ClusterUnreachable
from clusters.models import Cluster
from clusters.observe.cluster import ClusterWatch
from clusters.observe.control import KindNews, Plan, Report, exchange
from clusters.observe.sharing import Sharing
from clusters.observe.store import Store
from clusters.observe.threads import with_database
from clusters.observe.timers import TimerThreads
from web.live import publish

log = logging.getLogger(__name__)

R = TypeVar("R")

EXCHANGE_EVERY_SECONDS = 1.0
SHORTEST_EXCHANGE_SECONDS = 0.2
PUBLISH_EVERY_SECONDS = 1.0
LAST_WRITE_SECONDS = 1.0


class Watcher:
    """One watch process. `run` returns within three seconds of `stop.set()`."""

    def __init__(self) -> None:
        owner = f"{socket.gethostname()[:60]}:{os.getpid()}:{secrets.token_hex(4)}"
        self.sharing = Sharing(owner)
        self._threads = {
            name: ThreadPoolExecutor(max_workers=workers, thread_name_prefix=name)
            # Each has its own so that none waits for another: renewing leases must not queue behind a slow look-up.
            for name, workers in (("writer", 1), ("control", 1), ("publisher", 1), ("lookup", 4))
        }
        self.store = Store(self._threads["writer"], owns=self.sharing.owns, announce=self._announce)
        self._timers = TimerThreads()
        self._watches: dict[UUID, ClusterWatch] = {}
        self._tasks: dict[UUID, asyncio.Task[None]] = {}
        self._told: dict[UUID, str] = {}
        self._changed: set[UUID] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until `stop` is set, then write what is pending and let other watchers take over."""
        self._timers.start()
        background = [asyncio.create_task(work) for work in (self.store.run(), self._control(), self._publish())]
        await stop.wait()
        self._timers.stop()
        for task in [*self._tasks.values(), *background]:
            task.cancel()
        await asyncio.wait([*self._tasks.values(), *background], timeout=LAST_WRITE_SECONDS)
        try:
            async with asyncio.timeout(LAST_WRITE_SECONDS):
                await self.store.flush()
                await self._in("control", with_database(self.sharing.give_back_all))
        except (TimeoutError, DatabaseError):
            log.warning("the last rows were not written; the next watcher lists again")
        for pool in self._threads.values():
            pool.shutdown(wait=False, cancel_futures=True)

    async def _control(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            report = self._report()
            try:
                plan = await self._in("control", partial(with_database(exchange), self.sharing, report))
            except DatabaseError as error:
                log.warning("the database does not answer, trying again", extra={"error": str(error)})
                self._return_to_sender(report)
            else:
                self._told |= report.versions
                self._follow(plan)
            await asyncio.sleep(SHORTEST_EXCHANGE_SECONDS)
            while loop.time() - began < EXCHANGE_EVERY_SECONDS and not any(w.has_news for w in self._watches.values()):
                await asyncio.sleep(SHORTEST_EXCHANGE_SECONDS)

    def _report(self) -> Report:
        now = asyncio.get_running_loop().time()
        report = Report()
        for cluster_id, watch in self._watches.items():
            if watch.heard_at:
                report.heard[cluster_id] = now - watch.heard_at
            if watch.news:
                report.statuses[cluster_id], watch.news = watch.news, None
            if watch.kubernetes_version and self._told.get(cluster_id) != watch.kubernetes_version:
                report.versions[cluster_id] = watch.kubernetes_version
            for kind, state in watch.kinds.items():
                if state.changed:
                    report.kinds.append(KindNews(cluster_id, kind, state.connected, state.synced, state.error))
                    state.changed = state.synced = False
        return report

    def _return_to_sender(self, report: Report) -> None:
        """What could not be stored is told again, unless there is newer news."""
        for cluster_id, news in report.statuses.items():
            if (watch := self._watches.get(cluster_id)) and watch.news is None:
                watch.news = news
        for news_of_kind in report.kinds:
            if watch := self._watches.get(news_of_kind.cluster_id):
                state = watch.kinds[news_of_kind.kind]
                state.changed = True
                state.synced = state.synced or news_of_kind.synced

    def _follow(self, plan: Plan) -> None:
        """Stop what is not in the plan or is spoken to differently now, start what is new."""
        for cluster_id, watch in list(self._watches.items()):
            spec = plan.clusters.get(cluster_id)
            if spec is None or (spec.connection, spec.name) != (watch.spec.connection, watch.spec.name):
                self._stop_watching(cluster_id)
        for cluster_id, spec in plan.clusters.items():
            if cluster_id not in self._watches:
                watch = ClusterWatch(spec, self.store, self._look_up)
                self._watches[cluster_id] = watch
                self._tasks[cluster_id] = asyncio.create_task(watch.run(), name=f"watch {spec.name}")
                self._tasks[cluster_id].add_done_callback(partial(self._ended, cluster_id))
            self._watches[cluster_id].update(spec)
            self._watches[cluster_id].keep_whole(plan.kept_whole.get(cluster_id, ()))

    def _stop_watching(self, cluster_id: UUID) -> None:
        self._watches.pop(cluster_id, None)
        self._told.pop(cluster_id, None)
        if task := self._tasks.pop(cluster_id, None):
            task.cancel()
        self.store.drop(cluster_id)

    def _ended(self, cluster_id: UUID, task: asyncio.Task[None]) -> None:
        """A watch never ends by itself; if one does it is our mistake, and the next plan begins it anew."""
        if not task.cancelled() and (error := task.exception()):
            log.error("a watch broke and is begun anew", exc_info=error, extra={"cluster_id": str(cluster_id)})
            if self._tasks.get(cluster_id) is task:
                self._stop_watching(cluster_id)

    async def _look_up(self, cluster_id: UUID) -> Endpoint:
        return await self._in("lookup", partial(_endpoint, cluster_id))

    def _announce(self, cluster_id: UUID) -> None:
        self._changed.add(cluster_id)

    async def _publish(self) -> None:
        while True:
            await asyncio.sleep(PUBLISH_EVERY_SECONDS)
            for cluster_id in list(self._changed):
                self._changed.discard(cluster_id)
                if watch := self._watches.get(cluster_id):
                    await self._in("publisher", partial(with_database(publish), f"cluster:{watch.spec.name}"))

    async def _in(self, pool: str, work: Callable[[], R]) -> R:
        return await asyncio.get_running_loop().run_in_executor(self._threads[pool], work)


@with_database
def _endpoint(cluster_id: UUID) -> Endpoint:
    try:
        return endpoint(Cluster.objects.get(pk=cluster_id))
    except Cluster.DoesNotExist:
        raise ClusterUnreachable("", _("it is no longer registered"), step="policy") from None
