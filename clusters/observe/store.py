"""Changes of all clusters on their way into rows: coalesced by object, written in bulk by one thread, announced."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from uuid import UUID

from django.db import DatabaseError

from clusters.models import Observation
from clusters.observe import rows
from clusters.observe.rows import Change
from clusters.observe.slim.pods import is_coming_up, is_serving
from clusters.observe.slim.workloads import is_whole
from clusters.observe.threads import with_database
from clusters.signals import Changed, objects_changed

log = logging.getLogger(__name__)

CHUNK = 200
GATHER_SECONDS = 0.02
INTERVAL_SECONDS = 0.1
RETRY_SECONDS = 1.0
MOST_PENDING = 4000

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Job:
    """Work of the writer that must come after all that was put before it. `done` is told once it is committed."""

    work: Callable[[], list[Change]]
    done: asyncio.Future[None]


class Store:
    """All methods are for the event loop's thread; rows are written in `writer`, a single thread.

    `owns` tells whether a cluster is still ours: what another watcher has taken over is not written any more.
    `announce` is called in the writer's thread with each cluster whose rows changed.
    """

    def __init__(self, writer: Executor, *, owns: Callable[[UUID], bool], announce: Callable[[UUID], None]) -> None:
        self._writer = writer
        self._owns = owns
        self._announce = announce
        self._pending: dict[UUID, dict[Key, Change | Job]] = {}
        self._jobs = 0
        self._writing: UUID | None = None
        self._something = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def put(self, cluster_id: UUID, change: Change) -> None:
        """Write this change soon; a later one of the same object takes its place."""
        entries = self._pending.setdefault(cluster_id, {})
        waiting = entries.get(change.seen.key)
        if change.fills and isinstance(waiting, Change):
            entries[change.seen.key] = _filled(waiting, change)
        else:
            entries[change.seen.key] = change
        self._something.set()
        if self.pending >= MOST_PENDING:
            self._room.clear()

    async def after_all(self, cluster_id: UUID, work: Callable[[], list[Change]]) -> None:
        """Run `work` in the writer once all that was put before is written; returns when it is committed.

        What `work` answers is announced as changed.
        """
        job = Job(work, asyncio.get_running_loop().create_future())
        self._jobs += 1
        self._pending.setdefault(cluster_id, {})["job", str(self._jobs)] = job
        self._something.set()
        await job.done

    async def room(self) -> None:
        """Wait while too much is pending, so that a large list cannot fill the memory."""
        await self._room.wait()

    @property
    def pending(self) -> int:
        """How many changes are not written yet."""
        return sum(len(entries) for entries in self._pending.values())

    def drop(self, cluster_id: UUID) -> None:
        """Forget what is pending of a cluster that is not ours any more."""
        if self._writing == cluster_id:
            self._writing = None
        _cancel(self._pending.pop(cluster_id, {}))
        self._open_room()

    async def run(self) -> None:
        """Write for ever."""
        while True:
            await self._something.wait()
            self._something.clear()
            await asyncio.sleep(GATHER_SECONDS)
            await self.flush()
            if self._pending:
                self._something.set()
            await asyncio.sleep(INTERVAL_SECONDS - GATHER_SECONDS)

    async def flush(self) -> None:
        """Write all that is pending of clusters that are surely ours.

        One chunk of each cluster in turn, so that a large one holds up none. While a renewal is late, its changes wait:
        either the lease turns out to be ours still, or `drop` is called.
        """
        while ours := [cluster_id for cluster_id in self._pending if self._owns(cluster_id)]:
            for cluster_id in ours:
                taken = self._take(cluster_id)
                self._writing = cluster_id
                try:
                    await asyncio.get_running_loop().run_in_executor(self._writer, self._write, cluster_id, taken)
                except DatabaseError as error:
                    log.warning("the database took no rows, trying again", extra={"error": str(error)})
                    self._put_back(cluster_id, taken)
                    self._writing = None
                    await asyncio.sleep(RETRY_SECONDS)
                except Exception as error:
                    log.exception(
                        "changes could not be written and are left out", extra={"cluster_id": str(cluster_id)}
                    )
                    _settle(taken, error)
                else:
                    _settle(taken, None)
                self._open_room()

    def _take(self, cluster_id: UUID) -> dict[Key, Change | Job]:
        """The next entries of a cluster: up to CHUNK changes, or one job when it is its turn."""
        entries = self._pending.get(cluster_id, {})
        taken: dict[Key, Change | Job] = {}
        for key, entry in entries.items():
            if isinstance(entry, Job):
                if not taken:
                    taken[key] = entry
                break
            taken[key] = entry
            if len(taken) == CHUNK:
                break
        for key in taken:
            del entries[key]
        if not entries:
            self._pending.pop(cluster_id, None)
        return taken

    def _put_back(self, cluster_id: UUID, taken: dict[Key, Change | Job]) -> None:
        if self._writing != cluster_id:
            _cancel(taken)
            return
        # What has been put meanwhile is newer and wins, in the old place.
        self._pending[cluster_id] = {**taken, **self._pending.get(cluster_id, {})}

    def _open_room(self) -> None:
        if self.pending < MOST_PENDING // 2:
            self._room.set()

    @with_database
    def _write(self, cluster_id: UUID, taken: dict[Key, Change | Job]) -> None:
        changed: list[Change] = []
        changes = []
        for entry in taken.values():
            if isinstance(entry, Job):
                changed += entry.work()
            else:
                changes.append(entry)
        changed += rows.write(cluster_id, changes)
        if not changed:
            return
        objects_changed.send_robust(
            sender=Observation,
            cluster_id=cluster_id,
            objects=[_told(change) for change in changed],
        )
        self._announce(cluster_id)


def _filled(waiting: Change, fill: Change) -> Change:
    """What the watch said, with the whole object of a list beside it where that is at least as new."""
    if waiting.deleted or waiting.whole is not None or waiting.seen.uid != fill.seen.uid:
        return waiting
    return waiting if waiting.seen.resource_version > fill.seen.resource_version else replace(fill, fills=waiting.fills)


def _told(change: Change) -> Changed:
    seen, deleted = change.seen, change.deleted
    slim, told = seen.slim or {}, (seen.kind, seen.namespace, seen.name, seen.owner_name, seen.labels or {}, deleted)
    if seen.kind == "Pod" and not seen.bad:
        # Its ReplicaSet counts one that serves, and one that goes.
        goes = deleted or "deleting" in slim
        return Changed(*told, passing=goes or is_coming_up(slim) or is_serving(slim))
    if deleted or seen.bad or seen.kind not in ("Deployment", "ReplicaSet"):
        return Changed(*told)
    observed = (change.before or {}).get("observed_generation") != slim.get("observed_generation")
    return Changed(*told, passing=seen.on_its_way, whole=is_whole(slim), observed=observed)


def _cancel(entries: dict[Key, Change | Job]) -> None:
    for entry in entries.values():
        if isinstance(entry, Job):
            entry.done.cancel()


def _settle(taken: dict[Key, Change | Job], error: Exception | None) -> None:
    for entry in taken.values():
        if isinstance(entry, Job) and not entry.done.done():
            if error is None:
                entry.done.set_result(None)
            else:
                entry.done.set_exception(error)
