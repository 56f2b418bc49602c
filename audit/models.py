"""The append-only record of who did what to which thing, and what is known of it as a whole."""

from __future__ import annotations

from typing import Any, ClassVar, NoReturn
from uuid import uuid4

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from durable.encryption import EncryptedJSONField
from web.errors import Conflict


class EntryQuerySet(models.QuerySet["Entry"]):
    """Entries can be added and read; only the sealer fills in their place in the chain."""

    def delete(self) -> NoReturn:
        raise Conflict(_("The audit log is append-only: nothing can be removed from it."))

    def update(self, **values: Any) -> int:
        if set(values) - {"number", "prev_hash", "hash"}:
            raise Conflict(_("The audit log is append-only: nothing in it can be changed."))
        return super().update(**values)

    def remove_beginning(self, checkpoint: Checkpoint) -> int:
        """Remove what a checkpoint vouches for: the way of `audit.retention` alone. Answers how many."""
        removed, _by_model = super(EntryQuerySet, self.filter(number__lte=checkpoint.number)).delete()
        return removed


class Entry(models.Model):
    """One act. `before` and `after` hold what changed, never a secret.

    Each sealed entry has its number in the chain, the hash of itself and that of the entry before it, so that a later
    change or removal shows. `seal` says which of its fields the hash covers: see `audit.chain`.
    """

    class Way(models.TextChoices):
        BROWSER = "browser", gettext_lazy("Browser")
        TOKEN = "token", gettext_lazy("Token")
        CLI = "cli", gettext_lazy("Command line")
        SYSTEM = "system", gettext_lazy("Slipway itself")

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=150)
    actor_id = models.UUIDField(null=True)
    # For whom the actor acted: the person whose release Slipway moves, the claims by which a CI job proved itself.
    on_behalf_of = models.CharField(max_length=255, default="", db_default="")
    token_name = models.CharField(max_length=100, default="")
    way = models.CharField(max_length=8, choices=Way.choices, default="", db_default="")
    address = models.CharField(max_length=45, default="", db_default="")
    action = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    object_name = models.CharField(max_length=253)
    team = models.CharField(max_length=63, default="")
    request_id = models.CharField(max_length=128, default="")
    before = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    # A process of an older version that still writes knows nothing of the column: the database fills in what it meant.
    seal = models.PositiveSmallIntegerField(default=2, db_default=Value(1))
    # Rows become visible in the order of their commits, not of their ids, so the chain counts for itself.
    number = models.PositiveBigIntegerField(null=True, unique=True)
    prev_hash = models.CharField(max_length=64, default="")
    hash = models.CharField(max_length=64, default="")

    objects = EntryQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        # Each filter has an index that ends in the order of the list: no filtered list sorts or scans the log.
        indexes: ClassVar = [
            models.Index(fields=["-at", "-id"], name="entry_by_time"),
            models.Index(Lower("actor"), F("at").desc(), F("id").desc(), name="entry_by_actor"),
            models.Index(fields=["actor_id", "-at", "-id"], name="entry_by_actor_id"),
            models.Index(fields=["action", "-at", "-id"], name="entry_by_action"),
            models.Index(fields=["object_name", "-at", "-id"], name="entry_by_object_name"),
            models.Index(fields=["object_id", "-at", "-id"], name="entry_by_object_id"),
            models.Index(fields=["team", "-at", "-id"], name="entry_by_team"),
            models.Index(fields=["token_name", "-at", "-id"], name="entry_by_token"),
            models.Index(fields=["on_behalf_of", "-at", "-id"], name="entry_by_behalf"),
            models.Index(fields=["address", "-at", "-id"], name="entry_by_address"),
            models.Index(fields=["request_id", "-at", "-id"], name="entry_by_request"),
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
    """The end of the chain: without it, removing the latest entries would not show.

    `proof` says number and hash again, encrypted with a key that is not in the database: who can only write to the
    database cannot make up another chain and its end.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    number = models.PositiveBigIntegerField(default=0)
    hash = models.CharField(max_length=64, default="")
    proof: Any = EncryptedJSONField(null=True)  # type: ignore[misc]

    def __str__(self) -> str:
        return f"{self.number} {self.hash}"


class Checkpoint(models.Model):
    """Where the chain begins after its beginning was removed: the number and hash of the last entry that is gone.

    `proof` says the same, encrypted with a key that is not in the database: who can only write to the database cannot
    pass a removal of their own off as retention.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    number = models.PositiveBigIntegerField(unique=True)
    hash = models.CharField(max_length=64)
    count = models.PositiveBigIntegerField()
    file = models.CharField(max_length=255, default="")
    removed_at = models.DateTimeField(default=timezone.now)
    proof: Any = EncryptedJSONField()

    class Meta:
        ordering: ClassVar = ["-number"]

    def __str__(self) -> str:
        return f"{self.number} {self.hash}"


class Verification(models.Model):
    """One look at the whole chain and what came of it."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    valid = models.BooleanField()
    broken_at = models.PositiveBigIntegerField(null=True)
    since = models.PositiveBigIntegerField(default=1)
    up_to = models.PositiveBigIntegerField(default=0)
    guarded = models.BooleanField(default=True)
    seconds = models.FloatField(default=0)

    class Meta:
        ordering: ClassVar = ["-at"]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {'valid' if self.valid else f'broken at {self.broken_at}'}"
