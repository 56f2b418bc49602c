"""`manage.py verify_audit`: whether the audit log is what was written. Exit code 1 and the first number that is not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit import verifying
from audit.export import NoLine, compare


class Command(BaseCommand):
    help = "Verify the chain of the audit log, and with --against compare it with a file that was kept elsewhere."

    def add_arguments(self, parser: CommandParser) -> None:
        """A file to compare with."""
        parser.add_argument("--against", type=Path, metavar="FILE.jsonl", help="an export, an archive, a sink's copy")

    def handle(self, *args: Any, **options: Any) -> None:
        verdict = verifying.verify()
        if not verdict.valid:
            raise CommandError(f"entry {verdict.broken_at} does not fit the chain", returncode=1)
        since = f" (what came before {verdict.since} was removed after its time)" if verdict.since > 1 else ""
        self.stdout.write(
            f"verified {verdict.checked} entries up to {verdict.up_to}{since}; {verdict.unsealed} unsealed"
        )
        if not verdict.guarded:
            raise CommandError("the chain holds, but the database's own guard is gone: run manage.py migrate")
        if options["against"]:
            self._against(options["against"])

    def _against(self, file: Path) -> None:
        try:
            with file.open("rb") as lines:
                found = compare(lines)
        except (OSError, NoLine) as error:
            raise CommandError(f"{file.name} cannot be compared: {error}", returncode=2) from error
        if found.broken_at is not None:
            raise CommandError(f"entry {found.broken_at} differs from {file.name}: {found.why}", returncode=1)
        gone = f", {found.gone} of them removed here after their time" if found.gone else ""
        self.stdout.write(f"the same as in {file.name}: {found.lines} entries{gone}")
