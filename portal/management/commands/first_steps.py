"""`manage.py first_steps`: environments and a first cluster, so that the first page is alive. Idempotent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from portal import first_steps
from portal.told import told


class Command(BaseCommand):
    help = "Make the first environments and take in the sandbox, or the cluster of a kubeconfig."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which cluster, if any."""
        parser.add_argument("--sandbox", action="store_true", help="wait for the sandbox and import its shop")
        parser.add_argument("--kubeconfig", type=Path, help="register the current context of this file")

    def handle(self, *args: Any, **options: Any) -> None:
        with told():
            first_steps.make_environments(self.stdout.write)
            if options["kubeconfig"]:
                first_steps.take_in(options["kubeconfig"], self.stdout.write)
            elif options["sandbox"]:
                first_steps.take_in_sandbox(self.stdout.write)
