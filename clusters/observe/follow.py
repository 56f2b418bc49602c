"""One kind of one cluster: list, watch from there, list again when the server has forgotten where we were."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.utils.translation import ngettext

from clusters.observe import rows
from clusters.observe.backoff import Backoff
from clusters.observe.objects import SeenObject, see
from clusters.observe.rows import Change
from clusters.observe.stream import Event, Expired, Refused
from clusters.observe.trouble import EXPECTED, words_for

if TYPE_CHECKING:
    from clusters.observe.kinds import Kind
    from clusters.observe.store import Store
    from clusters.observe.stream import Link
    from clusters.observe.whole import KeptWhole

log = logging.getLogger(__name__)

# A right that is missing or an API that is not served does not come by itself within seconds.
_SELDOM_SECONDS = {401: 15.0, 403: 60.0, 404: 300.0}
# A watch that the server ends sooner than this did not work.
_SHORTEST_WATCH_SECONDS = 1.0
_OBJECTS_BETWEEN_BREATHS = 50


@dataclass(slots=True)
class KindState:
    """How one kind of one cluster is doing; `changed` since it was last stored."""

    connected: bool = False
    synced: bool = False
    error: str = ""
    resource_version: str = ""
    changed: bool = True
    bad: set[tuple[str, str]] = field(default_factory=set)

    def becomes(self, *, connected: bool, error: str) -> None:
        """Note the state of the stream."""
        if (self.connected, self.error) != (connected, error):
            self.connected, self.error, self.changed = connected, error, True


class Follower:
    """Follows one kind until it is cancelled; no error of this kind reaches another."""

    def __init__(
        self,
        cluster_id: UUID,
        kind: Kind,
        state: KindState,
        link: Link,
        store: Store,
        kept: KeptWhole,
        *,
        reachable: asyncio.Event,
        one_list: asyncio.Semaphore,
    ) -> None:
        self._cluster_id = cluster_id
        self._kind = kind
        self._state = state
        self._link = link
        self._store = store
        self._kept = kept
        self._reachable = reachable
        self._one_list = one_list

    async def run(self) -> None:
        """Follow for ever."""
        pause = Backoff(0.25, 30.0)
        while True:
            await self._reachable.wait()
            seconds = await self._turn(pause)
            await asyncio.sleep(seconds)

    async def _turn(self, pause: Backoff) -> float:
        """One list where needed and one watch to its end; answers after how many seconds to go on."""
        state = self._state
        try:
            if not state.resource_version:
                async with self._one_list:
                    await self._list()
            began = asyncio.get_running_loop().time()
            await self._watch()
        except Expired:
            state.resource_version = ""
            state.becomes(connected=False, error="")
            return pause.pause()
        except EXPECTED as error:
            state.becomes(connected=False, error=words_for(error))
            if isinstance(error, Refused):
                # The server may refuse a version that it has not reached, after its data was restored: list anew.
                state.resource_version = ""
                return _SELDOM_SECONDS.get(error.status) or pause.pause()
            return pause.pause()
        except Exception as error:
            log.exception("following failed", extra={"cluster_id": str(self._cluster_id), "kind": self._kind.name})
            state.resource_version = ""
            state.becomes(connected=False, error=f"{type(error).__name__}")
            return pause.pause()
        if asyncio.get_running_loop().time() - began < _SHORTEST_WATCH_SECONDS:
            return pause.pause()
        pause.reset()
        return 0.0

    async def _list(self) -> None:
        self._state.bad.clear()
        listed: set[tuple[str, str]] = set()
        version = ""
        async for page in self._link.pages(self._kind.path):
            for count, item in enumerate(page.items):
                if count % _OBJECTS_BETWEEN_BREATHS == 0:
                    await asyncio.sleep(0)
                if seen := self._put(item):
                    listed.add((seen.namespace, seen.name))
            await self._store.room()
            version = page.resource_version
        # The watch begins only after the sweep, which would take what was added since for vanished.
        await self._store.after_all(self._cluster_id, partial(rows.sweep, self._cluster_id, self._kind.name, listed))
        self._state.synced = True
        self._state.changed = True
        self._state.resource_version = version

    async def _watch(self) -> None:
        async for events in self._link.watch(self._kind, self._state.resource_version):
            self._state.becomes(connected=True, error=self._reading_error())
            for event in events:
                self._take(event)
            await self._store.room()

    def _take(self, event: Event) -> None:
        if event.type == "UNREADABLE":
            self._state.bad.add(("", ""))
            return
        if event.type in {"ADDED", "MODIFIED"}:
            self._put(event.object)
        elif event.type == "DELETED" and (seen := see(self._kind, event.object)):
            self._state.bad.discard((seen.namespace, seen.name))
            self._store.put(self._cluster_id, Change(seen, deleted=True))
        if version := _version(event.object):
            self._state.resource_version = version

    def _put(self, raw: Any) -> SeenObject | None:
        """Store one object as it is now; a bad one is stored as bad, one without a name is only counted."""
        seen = see(self._kind, raw)
        if seen is None:
            self._state.bad.add(("", ""))
            return None
        name = (seen.namespace, seen.name)
        if seen.bad and name not in self._state.bad:
            log.warning(
                "an object cannot be read and is marked bad",
                extra={
                    "cluster_id": str(self._cluster_id),
                    "kind": seen.kind,
                    "object": "/".join(name),
                    "error": seen.bad,
                },
            )
            self._state.bad.add(name)
        elif not seen.bad:
            self._state.bad.discard(name)
        self._store.put(self._cluster_id, Change(seen, whole=self._kept.whole_of(seen, raw)))
        return seen

    def _reading_error(self) -> str:
        count = len(self._state.bad)
        if not count:
            return ""
        return ngettext("%(count)d object cannot be read", "%(count)d objects cannot be read", count) % {"count": count}


def _version(raw: object) -> str:
    metadata = raw.get("metadata") if isinstance(raw, dict) else None
    version = metadata.get("resourceVersion") if isinstance(metadata, dict) else None
    return version if isinstance(version, str) else ""
