"""Go on with a run that failed or was cancelled, from the step at which it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from durable.idempotency import note_made
from installs.commands.asking import active, begin, refuse_shared_hosts, refuse_unless
from installs.errors import WrongStatus
from installs.models import Install, InstallRun, InstallStep

if TYPE_CHECKING:
    from accounts.models import User


def retry_install(by: User, install: Install) -> InstallRun:
    """Ask for the newest run to go on: what it did stays done.

    Raises NotPermitted, RunActive, WrongStatus, HostBusy.
    """
    require(by, "install.retry", None)
    refuse_unless(install, (Install.Status.FAILED, Install.Status.CANCELLED), _("a retry"))
    looks = (InstallRun.Kind.PREFLIGHT, InstallRun.Kind.FIX)
    run = install.runs.exclude(kind__in=looks).order_by("-created_at", "-id").first()
    if run is None or run.state not in (InstallRun.State.FAILED, InstallRun.State.CANCELLED):
        raise WrongStatus(
            _("No run of %(name)s stopped on its way.") % {"name": install.name}, status_now=install.status
        )
    try:
        with atomic():
            refuse_shared_hosts(install)
            run.steps.filter(state=InstallStep.State.FAILED).update(
                state=InstallStep.State.PENDING, problem="", attempts=0, ended_at=None
            )
            # What was taken on or edited since may change what is left to do.
            asked = {**run.asked, "plan_again": True}
            values = {"state": InstallRun.State.QUEUED, "problem": "", "ended_at": None, "cancel_asked": False}
            InstallRun.objects.filter(pk=run.pk).update(**values, asked=asked, due_at=timezone.now())
            install.status, install.problem = Install.Status.RUNNING, ""
            Install.objects.filter(pk=install.pk).update(status=install.status, problem="")
            note_made(run.pk)
            audit(by, "install.retry", install, after={"run": str(run.pk), "kind": run.kind})
            begin(run)
    except IntegrityError as error:
        raise active(install) from error
    run.refresh_from_db()
    return run
