"""`manage.py break_glass USER --reason TEXT`: prints a link that signs this admin in once, and soon."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.commands.sign_in import make_break_glass
from accounts.models import User
from portal.told import told


class Command(BaseCommand):
    help = "Make a link that signs an admin in once, for when nobody can sign in the usual way."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="An active admin.")
        parser.add_argument("--reason", required=True, help="Why it is needed; it goes into the audit log and is told.")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username__iexact=options["user"]).first()
        if user is None:
            raise CommandError(_("There is no user named %(name)s.") % {"name": options["user"]})
        with told():
            _row, raw = make_break_glass(user, options["reason"])
        # Behind the #, so that the code reaches no access log.
        self.stdout.write(f"{settings.PUBLIC_URL}{reverse('break_glass')}#{raw}")
