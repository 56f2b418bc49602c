"""Browser sessions in the database under the hash of what the cookie holds: who reads the table signs in as nobody."""

from __future__ import annotations

import hashlib
from typing import Any

from asgiref.sync import sync_to_async
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session as Carrier
from django.utils import timezone

# As long as Django's column. 160 bits of a hash over a random key need no more.
_KEY_LENGTH = 40


def stored_key(session_key: str) -> str:
    """Under what a session is stored. The key itself is random, so a plain fast hash is enough."""
    return hashlib.sha256(session_key.encode()).hexdigest()[:_KEY_LENGTH]


class SessionStore(DatabaseStore):
    """Django's own store, but for the names of its rows."""

    def _get_session_from_db(self) -> Carrier | None:
        held = Carrier.objects.filter(session_key=stored_key(self.session_key or ""))
        found = held.filter(expire_date__gt=timezone.now()).first()
        if found is None:
            self._session_key = None
        return found

    def exists(self, session_key: str) -> bool:
        return super().exists(stored_key(session_key))

    def create_model_instance(self, data: Any) -> Any:
        made = super().create_model_instance(data)
        made.session_key = stored_key(made.session_key)
        return made

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            super().delete(stored_key(key))

    # Django asks these in place of the ones above where a view is asynchronous.
    async def _aget_session_from_db(self) -> Carrier | None:
        return await sync_to_async(self._get_session_from_db)()

    async def aexists(self, session_key: str) -> bool:
        return await sync_to_async(self.exists)(session_key)

    async def acreate_model_instance(self, data: Any) -> Any:
        return await sync_to_async(self.create_model_instance)(data)

    async def adelete(self, session_key: str | None = None) -> None:
        await sync_to_async(self.delete)(session_key)
