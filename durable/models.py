"""Rows that make work durable: leases, idempotency keys, heartbeats."""

from __future__ import annotations

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils import timezone


class Lease(models.Model):
    """Who owns a named piece of work, until when by the database's clock. `epoch` rises with each new owner."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    name = models.CharField(max_length=200, unique=True)
    owner = models.CharField(max_length=200, default="")
    until = models.DateTimeField(default=timezone.now)
    epoch = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.name} #{self.epoch} {self.owner}"


class Heartbeat(models.Model):
    """When a process was last seen alive, by the database's clock."""

    name = models.CharField(max_length=100, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%H:%M:%S}"


class IdempotencyKey(models.Model):
    """The first answer to a POST, kept for a day so that a repeated POST is answered with it again.

    `status` 0 means that the first one is still running; its claim lapses at `claimed_until`. `made` is the id of what
    it made, noted in the same transaction, for an answer that was never given.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user_id = models.UUIDField()
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    made = models.CharField(max_length=36, default="")
    headers = models.JSONField(default=dict)
    body = models.JSONField(null=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)
    claimed_until = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint("user_id", "key", name="idempotency_key_once_per_user")]

    def __str__(self) -> str:
        return self.key
