"""`manage.py create_user NAME`: the password comes on stdin, or is made and printed."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from accounts.commands.teams import add_member, create_team
from accounts.commands.users import create_user, new_password
from accounts.models import Role, Team
from portal.told import told


class Command(BaseCommand):
    help = "Make a user. The password is read from standard input; from a terminal one is made and printed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--email", default="")
        parser.add_argument("--admin", action="store_true")
        parser.add_argument("--team", default="", help="Also make the user a member of this team (made when missing).")
        parser.add_argument("--role", default=Role.DEVELOPER, choices=Role.values)

    def handle(self, *args: Any, **options: Any) -> None:
        given = "" if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        password = given or new_password()
        with told():
            user = create_user(None, options["username"], password, email=options["email"], is_admin=options["admin"])
            if options["team"]:
                team = Team.objects.filter(name=options["team"]).first() or create_team(None, options["team"])
                add_member(None, team, user, options["role"])
        if not given:
            self.stdout.write(password)
