"""Forget an install. Nothing is done on its hosts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.transaction import atomic

from accounts.permissions import require
from audit.record import audit
from installs.commands.asking import refuse_active
from installs.commands.fields import recorded_hosts, with_credentials
from installs.models import Install
from web.live import publish

if TYPE_CHECKING:
    from accounts.models import User


def remove_install(by: User, install: Install) -> None:
    """Forget hosts, credentials, checks and logs. A cluster that was registered stays.

    Raises NotPermitted, RunActive.
    """
    require(by, "install.remove", None)
    refuse_active(install)
    with atomic():
        before = {"config": install.config, "hosts": recorded_hosts(with_credentials(install))}
        audit(by, "install.remove", install, before=before)
        Install.objects.filter(pk=install.pk).delete()
        publish("installs")
