"""Stop a run before its next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from installs.commands.asking import begin
from installs.errors import WrongStatus
from installs.models import Install, InstallRun

if TYPE_CHECKING:
    from accounts.models import User


def cancel_install(by: User, install: Install) -> InstallRun:
    """Ask the run to stop. Steps under way come to their end; nothing is undone. Idempotent.

    Raises NotPermitted, WrongStatus when nothing runs.
    """
    require(by, "install.cancel", None)
    run = InstallRun.objects.filter(install=install).exclude(state__in=InstallRun.ENDED).first()
    if run is None:
        raise WrongStatus(_("Nothing of %(name)s runs.") % {"name": install.name}, status_now=install.status)
    with atomic():
        if InstallRun.objects.filter(Q(pk=run.pk), cancel_asked=False).update(cancel_asked=True, due_at=timezone.now()):
            audit(by, "install.cancel", install, after={"run": str(run.pk), "kind": run.kind})
            begin(run)
    run.refresh_from_db()
    return run
