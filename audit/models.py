"""The append-only record of who did what to which thing."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from web.errors import Conflict


class EntryQuerySet(models.QuerySet["Entry"]):
    """Entries can be added and read; only the sealer fills in their place in the chain."""

    def delete(self) -> NoReturn:
        raise Conflict(_("The audit log is append-only: nothing can be removed from it."))

    def update(self, **values: Any) -> int:
        if set(values) - {"number", "prev_hash", "hash"}:
            raise Conflict(_("The audit log is append-only: nothing in it can be changed."))
        return super().update(**values)


class Entry(models.Model):
    """One act. `before` and `after` hold what changed, never a secret.

    Each sealed entry has its number in the chain, the hash of itself and that of the entry before it, so that a later
    change or removal shows.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.CharField(max_length=150, db_index=True)
    actor_id = models.UUIDField(null=True, db_index=True)
    token_name = models.CharField(max_length=100, default="")
    action = models.CharField(max_length=60, db_index=True)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    object_name = models.CharField(max_length=253)
    team = models.CharField(max_length=63, default="", db_index=True)
    request_id = models.CharField(max_length=128, default="")
    before = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    # Rows become visible in the order of their commits, not of their ids, so the chain counts for itself.
    number = models.PositiveBigIntegerField(null=True, unique=True)
    prev_hash = models.CharField(max_length=64, default="")
    hash = models.CharField(max_length=64, default="")

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["object_type", "object_id"], name="entry_object"),
            models.Index(fields=["id"], condition=models.Q(number=None), name="entry_unsealed"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.action} {self.object_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise Conflict(_("The audit log is append-only: nothing in it can be changed."))
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise Conflict(_("The audit log is append-only: nothing can be removed from it."))


class ChainHead(models.Model):
    """The end of the chain: without it, removing the latest entries would not show."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.number} {self.hash}"
