"""Telling teams that a token of one of their robots ends soon, once for each end that it has."""

from __future__ import annotations

from django.db.transaction import atomic
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Token
from accounts.queries import ENDING_WITHIN
from notifications.tell import tell


def warn_of_ending_tokens() -> int:
    """Tell the channels of each team; what was told before is told nobody twice. Answers how many channels are told."""
    now = timezone.now()
    ending = Token.objects.usable().filter(
        way=Token.Way.MADE, expires_at__lt=now + ENDING_WITHIN, user__robot_of__isnull=False
    )
    told = 0
    for token in ending.select_related("user__robot_of").order_by("expires_at"):
        # A lookup that the database has answered already: without a team there would be no row.
        if token.user.robot_of is None or token.expires_at is None:
            continue
        with atomic():
            told += tell(
                "token.expire",
                key=f"token-{token.pk}-{int(token.expires_at.timestamp())}",
                teams=[token.user.robot_of.name],
                title=_("The token “%(name)s” of %(robot)s ends on %(day)s")
                % {"name": token.name, "robot": token.user.username, "day": token.expires_at.date().isoformat()},
                text=_("Rotate it before what uses it stops working."),
                path=reverse("token", args=[token.pk]),
                robot=token.user.username,
                expires_at=token.expires_at.isoformat(),
            )
    return told
