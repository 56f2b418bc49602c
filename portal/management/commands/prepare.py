"""`manage.py prepare`: all that a local run needs before its first page, in one process. Idempotent."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser

from portal import first_steps
from portal.told import told


class Command(BaseCommand):
    help = "Bring database and static files up to date, make the first administrator and the first environments."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether a sandbox is coming."""
        parser.add_argument("--sandbox", action="store_true", help="show the sandbox as a cluster that is being built")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=0)
        call_command("create_admin", stdout=self.stdout)
        call_command("collectstatic", interactive=False, clear=True, verbosity=0)
        with told():
            first_steps.make_environments(self.stdout.write)
            if options["sandbox"]:
                first_steps.announce_sandbox({"phase": "start", "message": "starting"})
