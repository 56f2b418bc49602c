"""Which portal this is: the name that its claims on workloads carry."""

from __future__ import annotations

import uuid
from functools import cache

from django.db import connection, models


def _new_key() -> str:
    return uuid.uuid4().hex[:16]


class Portal(models.Model):
    """One row for each database; a restored database is the same portal."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    key = models.CharField(max_length=16, default=_new_key)

    def __str__(self) -> str:
        return self.key


@cache
def _kept(database: str) -> str:
    # The migration has made the row; a test that empties all tables makes it anew.
    portal, _ = Portal.objects.get_or_create(pk=1)
    return portal.key


def portal_key() -> str:
    """The id of this portal, 16 hex digits, the same for all its processes."""
    return _kept(str(connection.settings_dict["NAME"]))
