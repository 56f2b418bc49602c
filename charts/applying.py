"""Preparing, applying and undoing: what runs Helm, and what tells from Helm's storage whether that has been done."""

from __future__ import annotations

import enum
import time
from collections.abc import Callable

from django.utils.translation import gettext as _

from charts.errors import HelmFailed, ReleaseExists, ReleaseGone, ReleasePending
from charts.models import HelmOperation
from charts.operation_log import say
from charts.program import run_helm
from charts.sources import choose, obtain
from charts.storage import OPERATION_LABEL, Record, history, mark_failed
from charts.values import write_values
from charts.waiting import remember
from charts.workbench import Workbench, chart_arguments, refuse_beyond, render
from clusters.connection import paths
from clusters.errors import ApiRefused
from durable.row_lease import Held, LeaseLost, renew, save
from web.errors import NotPermitted

RENEW_SECONDS = 5.0
# Helm stops by itself at its own limit; this is for one that does not.
GRACE_SECONDS = 60.0
INSTALLS = (HelmOperation.Kind.INSTALL, HelmOperation.Kind.UPGRADE)


class Outcome(enum.Enum):
    """What Helm's storage says of our step."""

    DONE = "done"
    NOT_YET = "not yet"


def prepare(held: Held, operation: HelmOperation, bench: Workbench) -> None:
    """Have the archive, keep the values that stay, and refuse what must not be begun.

    Raises RepositoryUnreachable, ArchiveRefused, ReleasePending, HelmFailed, ScopeRefused.
    """
    newest = _newest(operation, bench)
    _refuse_pending(newest)
    if operation.kind == HelmOperation.Kind.UNINSTALL and newest is not None:
        remember(held, operation, newest.manifest)
    if operation.kind not in INSTALLS:
        return
    _have_archive(held, operation)
    _have_values(held, operation, bench)
    if operation.create_namespace:
        _have_namespace(operation, bench)
    if not operation.beyond_namespace and operation.archive is not None:
        # The gate would stop it half-way through; this says so before anything is made.
        say(operation, _("rendering the chart to see what it makes"))
        rendered = render(bench, operation.release.name, operation.archive, operation.values or {})
        refuse_beyond(bench, rendered, operation.archive)


def has_been_done(held: Held, operation: HelmOperation, bench: Workbench) -> Outcome:
    """Look at Helm's storage before Helm is started. What our own dead Helm left pending is marked as failed.

    Raises ReleasePending when somebody else's operation is under way.
    """
    newest = _newest(operation, bench)
    if operation.begun_at_revision is None:
        _refuse_pending(newest)
        _refuse_unexpected(operation, newest)
        operation.begun_at_revision = newest.revision if newest else 0
        save(held, begun_at_revision=operation.begun_at_revision)
        return Outcome.NOT_YET
    if operation.attempts == 0:
        _refuse_pending(newest)
        return Outcome.NOT_YET
    if operation.kind == HelmOperation.Kind.UNINSTALL:
        return Outcome.DONE if newest is None else Outcome.NOT_YET
    if newest is None or newest.revision == operation.begun_at_revision:
        _refuse_pending(newest)
        return Outcome.NOT_YET
    if not _is_ours(operation, newest):
        raise ReleasePending(
            _("Somebody else changed the release meanwhile: it is at revision %(revision)d.")
            % {"revision": newest.revision}
        )
    if newest.is_pending:
        say(
            operation,
            _("revision %(revision)d was interrupted; it is marked as failed and done again")
            % {"revision": newest.revision},
        )
        mark_failed(bench.door, newest, "interrupted with its worker; recovered by Slipway")
        return Outcome.NOT_YET
    return Outcome.DONE if newest.status == "deployed" else Outcome.NOT_YET


def apply(held: Held, operation: HelmOperation, bench: Workbench) -> None:
    """Run Helm for the operation. Raises HelmFailed, HelmTimedOut, LeaseLost."""
    name, seconds = operation.release.name, operation.timeout_seconds
    limit, stdin = ["--timeout", f"{seconds}s"], b""
    if operation.kind in INSTALLS:
        stdin = write_values(operation.values or {}).encode()
        if operation.archive is None:
            raise HelmFailed(_("The chart's archive is gone."), next=_("Ask for the operation again."))
        chart = chart_arguments(bench, operation.archive)
        label = ["--labels", f"{OPERATION_LABEL}={operation.pk}"]
        arguments = ["upgrade", name, *chart, "--install", *label, *limit, "--output", "json"]
        say(
            operation,
            _("helm upgrade --install %(name)s with %(chart)s %(version)s")
            % {"name": name, "chart": operation.chart_ref, "version": operation.chart_version},
        )
    elif operation.kind == HelmOperation.Kind.ROLLBACK:
        arguments = ["rollback", name, str(operation.to_revision), *limit]
        say(operation, _("helm rollback %(name)s %(revision)d") % {"name": name, "revision": operation.to_revision})
    else:
        arguments = ["uninstall", name, "--ignore-not-found", *limit]
        say(operation, _("helm uninstall %(name)s") % {"name": name})
    _run(held, operation, bench, arguments, seconds, stdin)


def undo(held: Held, operation: HelmOperation, bench: Workbench) -> None:
    """Take back what failed: to what was deployed before, or away with a first install. Repeating it is harmless.

    Raises HelmFailed, HelmTimedOut, LeaseLost.
    """
    kept = history(bench.door, operation.release.namespace, operation.release.name)
    newest = kept[0] if kept else None
    begun = operation.begun_at_revision or 0
    if newest is None or newest.revision <= begun or not _may_undo(operation, newest):
        return
    if newest.is_pending:
        mark_failed(bench.door, newest, "interrupted with its worker; recovered by Slipway")
    good = next((each for each in kept if each.revision <= begun and each.status in {"deployed", "superseded"}), None)
    name = operation.release.name
    limit = ["--timeout", f"{operation.timeout_seconds}s"]
    if good is None:
        say(operation, _("undoing: helm uninstall %(name)s") % {"name": name})
        _run(held, operation, bench, ["uninstall", name, "--ignore-not-found", *limit], operation.timeout_seconds)
    elif newest.status != "deployed" or newest.operation == str(operation.pk):
        say(operation, _("undoing: helm rollback %(name)s %(revision)d") % {"name": name, "revision": good.revision})
        _run(held, operation, bench, ["rollback", name, str(good.revision), *limit], operation.timeout_seconds)


def _run(
    held: Held, operation: HelmOperation, bench: Workbench, arguments: list[str], seconds: float, stdin: bytes = b""
) -> None:
    run_helm(
        bench.run,
        arguments,
        seconds=seconds + GRACE_SECONDS,
        stdin=stdin,
        says=lambda line: say(operation, line),
        still_ours=_keeping(held),
    )
    if not renew(held):
        raise LeaseLost


def _keeping(held: Held) -> Callable[[], bool]:
    """Renews the lease now and then while Helm runs; says no once it is lost."""
    next_at = time.monotonic() + RENEW_SECONDS

    def still_ours() -> bool:
        nonlocal next_at
        if time.monotonic() < next_at:
            return True
        next_at = time.monotonic() + RENEW_SECONDS
        return renew(held)

    return still_ours


def _have_archive(held: Held, operation: HelmOperation) -> None:
    if operation.archive is not None:
        return
    if operation.created_by is None:
        raise NotPermitted(_("Whoever asked for this is no longer there."))
    say(
        operation,
        _("fetching %(chart)s %(version)s") % {"chart": operation.chart_ref, "version": operation.chart_version},
    )
    archive = obtain(choose(operation.created_by, operation.chart_ref, operation.chart_version))
    save(held, archive=archive)
    operation.archive = archive


def _have_values(held: Held, operation: HelmOperation, bench: Workbench) -> None:
    """Without values an upgrade keeps those the release has. They are read once, so that a repeat uses the same."""
    if operation.values is not None:
        return
    newest = _newest(operation, bench)
    operation.values = newest.config if newest else {}
    bench.run.values.update(operation.values)
    if not renew(held):
        raise LeaseLost
    operation.save(update_fields=["values"])


def _have_namespace(operation: HelmOperation, bench: Workbench) -> None:
    """Make the namespace where it is missing and an admin asked."""
    namespace = operation.release.namespace
    try:
        bench.door.get(paths.namespace(namespace))
    except ApiRefused as refusal:
        if not refusal.is_not_found:
            raise
    else:
        return
    if not operation.beyond_namespace:
        raise NotPermitted(_("There is no namespace %(name)s, and making one is for admins.") % {"name": namespace})
    say(operation, _("making namespace %(name)s") % {"name": namespace})
    try:
        bench.door.create(
            paths.namespaces(), {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
        )
    except ApiRefused as refusal:
        if not refusal.is_already_there:
            raise


def _newest(operation: HelmOperation, bench: Workbench) -> Record | None:
    return next(iter(history(bench.door, operation.release.namespace, operation.release.name)), None)


def _refuse_pending(newest: Record | None) -> None:
    if newest is None or not newest.is_pending:
        return
    raise ReleasePending(
        _("Helm says that revision %(revision)d is %(status)s: another operation is under way, or was interrupted.")
        % {"revision": newest.revision, "status": newest.status},
        next=_("If nobody works on it any more, recover the release; then try again."),
    )


def _refuse_unexpected(operation: HelmOperation, newest: Record | None) -> None:
    """An install must not overwrite what somebody installed meanwhile, nor an upgrade make what is gone."""
    is_there = newest is not None and newest.status not in {"uninstalled", "failed"}
    if operation.kind == HelmOperation.Kind.INSTALL and is_there:
        raise ReleaseExists(_("There is such a release by now."), next=_("Upgrade it, or choose another name."))
    if operation.kind in {HelmOperation.Kind.UPGRADE, HelmOperation.Kind.ROLLBACK} and newest is None:
        raise ReleaseGone(_("Helm knows no such release any more."), next=_("Install it again."))


def _is_ours(operation: HelmOperation, newest: Record) -> bool:
    """Whether our own Helm made the revision. A rollback carries no label of ours: it is told by its number."""
    if operation.kind in INSTALLS:
        return newest.operation == str(operation.pk)
    return newest.revision <= (operation.begun_at_revision or 0) + operation.attempts


def _may_undo(operation: HelmOperation, newest: Record) -> bool:
    """Whether the newest revision is what we applied, or our own undoing of it that was interrupted."""
    return newest.operation == str(operation.pk) or newest.status in {"pending-rollback", "uninstalling"}
