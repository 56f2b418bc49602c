"""`manage.py create_admin`: the first admin of a local run, with a password kept at SLIPWAY_HOME. Idempotent."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.commands.users import create_user, new_password
from accounts.models import User
from portal.place import key
from portal.told import told

NAME = "admin"


class Command(BaseCommand):
    help = "Make the user admin unless there is one, with a random password in SLIPWAY_HOME/admin-password."

    def handle(self, *args: Any, **options: Any) -> None:
        file = settings.HOME / "admin-password"
        if User.objects.filter(username__iexact=NAME).exists():
            self.stdout.write(f"user {NAME} is there already")
            return
        # The file comes first: a crash in between leaves a password that the next run takes, never one nobody knows.
        password = key("SLIPWAY_ADMIN_PASSWORD", file, new_password, local=True)
        with told():
            create_user(None, NAME, password, is_admin=True)
        self.stdout.write(f"user {NAME} is made; the password is in {file}")
