"""`manage.py openapi`: writes docs/openapi.yaml; with --check only says whether it is current."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.openapi import FILE, as_yaml


class Command(BaseCommand):
    help = "Write docs/openapi.yaml from the code."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="Write nothing; fail when the file is not current.")

    def handle(self, *args: Any, **options: Any) -> None:
        text = as_yaml()
        if options["check"]:
            if not FILE.exists() or FILE.read_text(encoding="utf-8") != text:
                raise CommandError("docs/openapi.yaml is not current: run manage.py openapi and commit it.")
            return
        FILE.parent.mkdir(exist_ok=True)
        FILE.write_text(text, encoding="utf-8")
        self.stdout.write(f"wrote {FILE.relative_to(FILE.parent.parent)}")
