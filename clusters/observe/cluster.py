"""One cluster under watch: a stream for each kind, and a pulse that tells whether the API server still answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any
from uuid import UUID

from clusters.observe import rows
from clusters.observe.backoff import Backoff
from clusters.observe.contact import Contact, News
from clusters.observe.feed import whole_objects
from clusters.observe.fill import fill
from clusters.observe.follow import Follower, KindState
from clusters.observe.kinds import KINDS
from clusters.observe.stream import Link, Refused
from clusters.observe.trouble import EXPECTED, words_for
from clusters.observe.whole import KeptWhole, Workload

if TYPE_CHECKING:
    from clusters.connection import Endpoint
    from clusters.observe.slim.parts import Raw
    from clusters.observe.store import Store

log = logging.getLogger(__name__)

PULSE_EVERY_SECONDS = 2.0
# Then its name is resolved and its credential read anew.
LOOK_UP_AGAIN_SECONDS = 10.0
# A hundred releases that begin at once would open a hundred connections, and none of them would be done in time.
FILLS_AT_ONCE = 4
# Releases end one after another, and each look at what is kept whole of a namespace takes as long as that is much.
FORGET_AFTER_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Spec:
    """A cluster to watch. `connection` changes with whatever decides how it is spoken to."""

    id: UUID
    name: str
    connection: tuple[Any, ...]
    status: str
    status_message: str


class _LookUpAgain(Exception):
    """The address has not answered for a while."""


class ClusterWatch:
    """Watches one cluster until cancelled. What the control loop stores lies in `kinds`, `news` and `heard_at`."""

    def __init__(self, spec: Spec, store: Store, look_up: Callable[[UUID], Awaitable[Endpoint]]) -> None:
        self.spec = spec
        self.kinds = {kind.name: KindState() for kind in KINDS}
        self.news: News | None = None
        self.kubernetes_version = ""
        self._store = store
        self._look_up = look_up
        self._link: Link | None = None
        self._kept = KeptWhole()
        self._contact = Contact(spec.status, spec.status_message)
        self._reachable = asyncio.Event()
        self._fills: set[asyncio.Task[None]] = set()
        self._may_fill = asyncio.Semaphore(FILLS_AT_ONCE)
        # Namespaces, each with the time since when something of it is kept whole for nothing.
        self._stale: dict[str, float] = {}

    @property
    def heard_at(self) -> float:
        """When the API server last said anything, on the event loop's clock; 0 when it did not yet."""
        return self._link.heard_at if self._link else 0.0

    async def run(self) -> None:
        """Watch for ever."""
        pause = Backoff(0.5, 3.0)
        attempt = 0
        try:
            while True:
                try:
                    endpoint = await self._look_up(self.spec.id)
                except EXPECTED as error:
                    self._failed(words_for(error))
                    await asyncio.sleep(pause.pause())
                    continue
                address = endpoint.addresses[attempt % len(endpoint.addresses)]
                attempt += 1
                await self._follow_all(Link(endpoint, address), pause)
        finally:
            for task in self._fills:
                task.cancel()

    async def _follow_all(self, link: Link, pause: Backoff) -> None:
        self._link = link
        one_list = asyncio.Semaphore(1)
        try:
            async with asyncio.TaskGroup() as tasks:
                for kind in KINDS:
                    follower = Follower(
                        self.spec.id, kind, self.kinds[kind.name], link, self._store, self._kept,
                        reachable=self._reachable, one_list=one_list,
                    )  # fmt: skip
                    tasks.create_task(follower.run())
                tasks.create_task(self._pulse(link, pause))
        except* _LookUpAgain:
            pass
        finally:
            self._reachable.clear()
            for state in self.kinds.values():
                state.becomes(connected=False, error=state.error)
            await link.close()

    async def _pulse(self, link: Link, pause: Backoff) -> None:
        """Ask for /version every two seconds: a watch alone cannot tell silence from death."""
        loop = asyncio.get_running_loop()
        failing_since = 0.0
        while True:
            try:
                version = await link.version()
            except EXPECTED as error:
                if not (isinstance(error, Refused) and error.status == 403):
                    failing_since = failing_since or loop.time()
                    self._reachable.clear()
                    self._failed(words_for(error))
                    await asyncio.sleep(pause.pause())
                    if loop.time() - failing_since > LOOK_UP_AGAIN_SECONDS:
                        raise _LookUpAgain from None
                    continue
            else:
                self.kubernetes_version = str(version.get("gitVersion") or "")[:64]
            failing_since = 0.0
            pause.reset()
            self._heard()
            await asyncio.sleep(PULSE_EVERY_SECONDS)

    def _heard(self) -> None:
        self._reachable.set()
        self.news = self._contact.heard(asyncio.get_running_loop().time()) or self.news

    def _failed(self, why: str) -> None:
        self.news = self._contact.failed(asyncio.get_running_loop().time(), why) or self.news

    @property
    def has_news(self) -> bool:
        """Whether there is something to store that should not wait for the next second."""
        return self.news is not None or any(state.changed for state in self.kinds.values())

    def update(self, spec: Spec) -> None:
        """Take over what the cluster's row says now; a status that somebody else wrote is put right."""
        self.spec = spec
        self.news = self.news or self._contact.differs_from(spec.status)

    def keep_whole(self, workloads: Iterable[Workload]) -> None:
        """Keep exactly these workloads with all fields from now on, and fetch those that are new to it."""
        came, went = self._kept.replace(workloads)
        for namespace in {workload.namespace for workload in came}:
            self._start(self._fill(namespace, {workload for workload in came if workload.namespace == namespace}))
        now = asyncio.get_running_loop().time()
        for workload in went:
            self._stale.setdefault(workload.namespace, now)
        for namespace, since in list(self._stale.items()):
            if now - since >= FORGET_AFTER_SECONDS:
                del self._stale[namespace]
                forget = partial(rows.forget_whole, self.spec.id, namespace, self._kept.as_rows_say())
                self._start(self._store.after_all(self.spec.id, forget))

    def _start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._fills.add(task)
        task.add_done_callback(self._fills.discard)

    async def _fill(self, namespace: str, workloads: set[Workload]) -> None:
        """Those that came together are fetched together: a namespace's Services are listed once for all of them."""
        pause = Backoff(0.5, 10.0)
        while names := sorted(workload.name for workload in workloads & self._kept.workloads):
            await self._reachable.wait()
            if self._link is None:
                return
            try:
                async with self._may_fill:
                    if names := await self._not_fed(namespace, names):
                        await fill(namespace, names, self._link, self._kept, partial(self._store.put, self.spec.id))
            except (*EXPECTED, RuntimeError) as error:  # RuntimeError: the link was closed for a new one meanwhile
                log.info(
                    "workloads could not be fetched whole yet",
                    extra={
                        "cluster": self.spec.name,
                        "namespace": namespace,
                        "workloads": names,
                        "error": words_for(error),
                    },
                )
                await asyncio.sleep(pause.pause())
            else:
                return

    async def _not_fed(self, namespace: str, names: list[str]) -> list[str]:
        """Those whose rows are not whole already, once all is written that was seen before they were asked for."""
        found: dict[str, list[tuple[str, Raw]]] = {}

        def look() -> list[rows.Change]:
            found.update((name, whole_objects(self.spec.id, namespace, name)) for name in names)
            return []

        await self._store.after_all(self.spec.id, look)
        for kind, raw in chain.from_iterable(found.values()):
            self._kept.learn(kind, namespace, raw)
        return [name for name in names if not found[name]]
