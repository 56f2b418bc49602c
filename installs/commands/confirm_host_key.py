"""Confirm the key of a host: from then on no other is accepted from it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from installs.commands.asking import refuse_active
from installs.errors import HostKeyDiffers
from installs.grammar import Malformed
from installs.host_keys import fingerprint, host_key, is_fingerprint
from installs.models import Install, InstallHost
from web.errors import Invalid, NotFound
from web.live import publish

if TYPE_CHECKING:
    from accounts.models import User


def confirm_host_key(by: User, install: Install, host_name: str, key: str) -> InstallHost:
    """Pin the key that the host offered, named by itself or by its `SHA256:` fingerprint; a whole key may also be
    given before the host was ever asked.

    Raises NotPermitted, NotFound, Invalid, RunActive, HostKeyDiffers when the host showed another one.
    """
    require(by, "install.confirm_host_key", None)
    refuse_active(install)
    row = install.hosts.filter(name=host_name).first()
    if row is None:
        raise NotFound(_("There is no host %(name)s.") % {"name": host_name[:63]})
    confirmed = _confirmed(row, key.strip())
    with atomic():
        audit(
            by,
            "install.confirm_host_key",
            install,
            before={"host": row.name, "fingerprint": fingerprint(row.host_key)},
            after={"host": row.name, "fingerprint": fingerprint(confirmed)},
        )
        row.host_key, row.offered_key = confirmed, ""
        InstallHost.objects.filter(pk=row.pk).update(host_key=confirmed, offered_key="")
        publish(f"install:{install.pk}")
    return row


def _confirmed(row: InstallHost, key: str) -> str:
    if is_fingerprint(key):
        for known in (row.offered_key, row.host_key):
            if known and fingerprint(known) == key:
                return known
        if row.offered_key:
            raise _differs(row, key)
        raise Invalid.at("/key", "no_offer", _("The host has shown no key yet: run the checks, or give the whole key."))
    try:
        given = host_key(key)
    except Malformed as wrong:
        raise Invalid.at("/key", wrong.code, wrong.detail) from wrong
    if row.offered_key and given not in (row.offered_key, row.host_key):
        raise _differs(row, fingerprint(given))
    return given


def _differs(row: InstallHost, given: str) -> HostKeyDiffers:
    return HostKeyDiffers(
        _("%(host)s showed the key %(offered)s, not %(given)s.")
        % {"host": row.name, "offered": fingerprint(row.offered_key), "given": given},
        next=_("Compare with what the machine itself says: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub."),
        offered=fingerprint(row.offered_key),
    )
