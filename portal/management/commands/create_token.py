"""`manage.py create_token USER --name NAME [--scope S]... [--expires 30d]`: prints the token, once, alone on stdout."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from accounts.commands.tokens import create_token
from accounts.durations import parse_duration
from accounts.models import User
from accounts.permissions import SCOPES
from portal.told import told


class Command(BaseCommand):
    help = "Make a token for a user and print it. It cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user")
        parser.add_argument("--name", required=True, help="What the token is for.")
        parser.add_argument("--scope", action="append", default=[], choices=SCOPES, help="May be given several times.")
        parser.add_argument("--expires", default="", help="How long it lasts, as 12h or 30d. Default: for ever.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username__iexact=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(_("There is no active user named %(name)s.") % {"name": options["user"]})
        with told():
            lasts = parse_duration(options["expires"]) if options["expires"] else None
            _row, raw = create_token(None, user, options["name"], scopes=options["scope"], lasts=lasts)
        self.stdout.write(raw)
