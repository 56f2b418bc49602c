"""The command line's door to `deployments.restore`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deployments.restore import StillServing, after_restore


class Command(BaseCommand):
    """Run once after the database came back from a backup, before anything serves."""

    help = "Prepare a restored database: running releases are looked up again on their clusters, sessions end."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(str(after_restore()))
        except StillServing as error:
            raise CommandError(f"{error} {error.next}") from error
