"""What every command on an install shares: nothing else works on its hosts, and the run becomes a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError
from django.db.models import Q
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from audit.record import audit
from durable.commit import after_commit
from durable.idempotency import note_made
from installs.errors import HostBusy, NotConfirmed, RunActive, WrongStatus
from installs.models import Install, InstallHost, InstallRun
from installs.tasks import advance
from web.live import publish

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import User


def ask_for(
    by: User,
    install: Install,
    kind: str,
    action: str,
    *,
    asked: dict[str, Any] | None = None,
    recorded: dict[str, Any] | None = None,
) -> InstallRun:
    """Write the run down with its audit entry and hand it to a worker once it is saved. Raises RunActive, HostBusy."""
    is_look = kind == InstallRun.Kind.PREFLIGHT
    status = Install.Status.CHECKING if is_look else Install.Status.RUNNING
    try:
        with atomic():
            refuse_shared_hosts(install)
            told = {**(asked or {}), "status_before": install.status}
            run = InstallRun(install=install, kind=kind, asked=told, created_by=by, due_at=timezone.now())
            run.save(force_insert=True)
            install.status, install.problem = status, ""
            Install.objects.filter(pk=install.pk).update(status=status, problem="")
            note_made(run.pk)
            audit(by, action, install, after=recorded or {})
            begin(run)
    except IntegrityError as error:
        raise active(install) from error
    return run


def begin(run: InstallRun) -> None:
    """Hint the workers, and tell the pages."""
    after_commit(advance.delay, str(run.pk))
    publish(f"install:{run.install_id}", "installs")


def refuse_active(install: Install) -> None:
    """Raises RunActive while a run of this install has not ended."""
    if InstallRun.objects.filter(install=install).exclude(state__in=InstallRun.ENDED).exists():
        raise active(install)


def refuse_shared_hosts(install: Install) -> None:
    """Raises HostBusy while a run of another install works on a machine of this one. Call it in the transaction of
    the new run: the rows of all hosts at stake are locked, so that of two that ask at once one sees the other."""
    mine = list(install.hosts.exclude(role=InstallHost.Role.JUMP).values_list("address", "port", "host_key"))
    same = Q(pk__in=[])
    for address, port, key in mine:
        same |= Q(address=address, port=port)
        # Another address of the same machine.
        same |= Q(host_key=key) if key else Q(pk__in=[])
    hosts = InstallHost.objects.exclude(role=InstallHost.Role.JUMP).filter(same).order_by("pk")
    ids = {row.install_id for row in hosts.select_for_update().only("pk", "install_id")} - {install.pk}
    runs = InstallRun.objects.exclude(state__in=InstallRun.ENDED).filter(install_id__in=ids).select_related("install")
    if found := list(runs[:10]):
        raise HostBusy(
            _("A run of %(names)s works on a host of this install.")
            % {"names": ", ".join(run.install.name for run in found)},
            next=_("Wait until it has ended, or take the host out of one of the two."),
            blocked_by=[
                {"kind": "install_run", "id": str(run.pk), "install": run.install.name, "what": run.kind}
                for run in found
            ],
        )


def refuse_unless(install: Install, allowed: Iterable[str], what: str) -> None:
    """Raises RunActive while something runs, WrongStatus when the install is at no point where it can be asked."""
    refuse_active(install)
    allowed = tuple(allowed)
    if install.status not in allowed:
        raise WrongStatus(
            _("%(name)s is %(status)s; %(what)s needs one that is %(allowed)s.")
            % {"name": install.name, "status": install.status, "what": what, "allowed": ", ".join(allowed)},
            next=_("Look at its page for what comes next."),
            status_now=install.status,
        )


def refuse_unless_installed(install: Install, what: str) -> None:
    """Raises RunActive while something runs, WrongStatus where there is no cluster."""
    refuse_active(install)
    if not is_installed(install):
        raise WrongStatus(
            _("%(name)s has not been installed; %(what)s needs a cluster.") % {"name": install.name, "what": what},
            next=_("Install it first."),
            status_now=install.status,
        )


def is_installed(install: Install) -> bool:
    """Whether an install succeeded and nothing has taken the cluster away since."""
    ended = install.runs.filter(
        state=InstallRun.State.SUCCEEDED, kind__in=(InstallRun.Kind.INSTALL, InstallRun.Kind.RESET)
    )
    newest = ended.order_by("-ended_at").values_list("kind", flat=True).first()
    return newest == InstallRun.Kind.INSTALL


def refuse_unconfirmed(typed: str, name: str) -> None:
    """Raises NotConfirmed unless the name was typed."""
    if typed != name:
        detail = _("Type %(name)s to confirm.") % {"name": name}
        raise NotConfirmed(detail, errors=[{"pointer": "/typed_name", "code": "not_confirmed", "detail": detail}])


def active(install: Install) -> RunActive:
    """What to raise while a run has not ended."""
    run = InstallRun.objects.filter(install=install).exclude(state__in=InstallRun.ENDED).first()
    return RunActive(
        _("A run of %(name)s has not ended.") % {"name": install.name},
        next=_("Wait until it has ended, or cancel it."),
        blocked_by=[{"kind": "install_run", "id": str(run.pk), "what": run.kind}] if run else [],
    )
