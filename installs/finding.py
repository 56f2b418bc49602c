"""What the palette finds among installs, and who has anything to do with them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext as _

from installs.models import Install
from web.palette import Found, matches

if TYPE_CHECKING:
    from accounts.models import User

_MOST = 100


def find_installs(user: User, words: str) -> Iterable[Found]:
    """Installs by name, and making a new one; nothing for who is no admin."""
    if not user.is_admin or not words:
        return
    for install in Install.objects.visible_to(user).only("pk", "name", "status").order_by("name")[:_MOST]:
        if matches(install.name, words):
            yield Found(install.name, install.get_absolute_url(), "wrench", install.get_status_display())
    if matches(label := _("Install a cluster"), words):
        yield Found(label, reverse("installs:create"), "plus")


def is_for(user: User) -> bool:
    """Whether a person has anything to do with installs: hosts and their keys belong to no team."""
    return user.is_admin
