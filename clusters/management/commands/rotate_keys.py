"""The command line's door to `clusters.commands.rotate_keys`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from clusters.commands.rotate_keys import rotate_keys
from durable.encryption import SealBroken


class Command(BaseCommand):
    """Seals all stored credentials with the first key of SLIPWAY_FIELD_KEYS."""

    help = "Seal all stored credentials with the first key of SLIPWAY_FIELD_KEYS; the others can then be taken away."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(str(rotate_keys()))
        except SealBroken as error:
            raise CommandError(str(error)) from error
