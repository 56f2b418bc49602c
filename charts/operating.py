"""One pass over one operation: take it, look at what is, do the next step, write down what came of it.

1. prepare: the archive is fetched and judged; Helm's storage is looked at; what the chart makes is judged by scope.
2. apply: Helm runs once, as a process of its own. Its start is written down before it begins.
3. wait: the objects are asked until all are ready. Each look is a pass of its own, nothing sleeps in between.
4. undo: with `atomic`, what failed is rolled back or taken away.

Level-triggered: a pass that is repeated, or comes after a kill, looks at Helm's storage first. A revision that our own
dead Helm left pending is marked as failed and the step is done again; one that it finished is not.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import structlog
from django.utils import timezone
from django.utils.translation import gettext as _
from kombu.exceptions import OperationalError

from charts.applying import Outcome, apply, has_been_done, prepare, undo
from charts.errors import HelmFailed, RepositoryUnreachable
from charts.models import HelmOperation
from charts.operation_end import end
from charts.operation_log import say
from charts.waiting import look
from charts.workbench import Workbench, opened
from clusters.errors import ApiRefused, ClusterUnreachable
from durable.row_lease import Held, LeaseLost, RowLease, give_back, save
from web.errors import SlipwayError

# Helm works in a process of its own, so a thread of the worker only waits for it; two leave six to the releases.
MOST_AT_ONCE = 2
MOST_ATTEMPTS = 5
WAIT_SECONDS, RETRY_SECONDS = 1.0, 5.0
# How long a cluster or a repository may stay away before the operation is given up.
PATIENCE = timedelta(minutes=15)

log = structlog.get_logger(__name__)
LEASE = RowLease(HelmOperation, seconds=20.0, running=HelmOperation.State.RUNNING, most_at_once=MOST_AT_ONCE)


def due() -> list[UUID]:
    """The operations that somebody should look at now, the oldest first."""
    return LEASE.due()


def advance(operation_id: UUID | str) -> None:
    """Bring one operation on, as far as it goes without waiting. A worker that is busy leaves it to the next sweep."""
    LEASE.in_turn(operation_id, _pass)


def _pass(held: Held) -> None:
    operation = HelmOperation.objects.select_related("release__cluster", "created_by").get(pk=held.pk)
    try:
        again = _guarded(held, operation)
    except LeaseLost:
        log.warning("helm_operation.lease_lost", operation=str(operation.pk))
        return
    if again is not None:
        give_back(held, look_again_in=again)
        _hint(operation, again)


def _guarded(held: Held, operation: HelmOperation) -> float | None:
    """One pass with its failures turned into the row's words: seconds until the next one, None at the end."""
    try:
        return _step(held, operation)
    except (ClusterUnreachable, RepositoryUnreachable) as error:
        return _try_later(held, operation, error)
    except ApiRefused as error:
        if error.is_temporary or error.is_conflict:
            return _try_later(held, operation, error)
        return _failed(held, operation, error)
    except SlipwayError as error:
        return _failed(held, operation, error)
    except LeaseLost:
        raise
    except Exception as error:
        # A mistake of ours, or of what stands in the row: told, and given up like what never answers.
        log.exception("helm_operation.broken", operation=str(operation.pk))
        told = _("Slipway could not go on (%(kind)s); its log tells more.") % {"kind": type(error).__name__}
        return _try_later(held, operation, SlipwayError(told))


def _step(held: Held, operation: HelmOperation) -> float | None:
    values = operation.values or {}
    release, is_free = operation.release, operation.beyond_namespace
    with opened(release.cluster, release.namespace, values, beyond_namespace=is_free) as bench:
        if operation.step == HelmOperation.Step.PREPARE:
            prepare(held, operation, bench)
            save(held, step=HelmOperation.Step.APPLY)
            operation.step = HelmOperation.Step.APPLY
        if operation.step == HelmOperation.Step.APPLY:
            _apply(held, operation, bench)
        if operation.step == HelmOperation.Step.UNDO:
            undo(held, operation, bench)
            end(held, operation, HelmOperation.State.FAILED, operation.problem)
            return None
        return _wait(held, operation, bench)


def _apply(held: Held, operation: HelmOperation, bench: Workbench) -> None:
    """Run Helm, unless an earlier pass has: its storage knows. Raises HelmFailed, after five starts for good."""
    if has_been_done(held, operation, bench) is not Outcome.DONE:
        if operation.attempts >= MOST_ATTEMPTS:
            raise HelmFailed(
                _("Helm was started %(count)d times and never came to its end.") % {"count": operation.attempts},
                next=_("Look at the log and at the release, then try again."),
            )
        operation.attempts += 1
        save(held, attempts=operation.attempts)
        apply(held, operation, bench)
    deadline = timezone.now() + timedelta(seconds=operation.timeout_seconds)
    save(held, step=HelmOperation.Step.WAIT, deadline_at=deadline)
    operation.step, operation.deadline_at = HelmOperation.Step.WAIT, deadline


def _wait(held: Held, operation: HelmOperation, bench: Workbench) -> float | None:
    verdict = look(held, operation, bench)
    if verdict.is_done:
        end(held, operation, HelmOperation.State.SUCCEEDED, "")
        return None
    is_late = operation.deadline_at is not None and timezone.now() >= operation.deadline_at
    if not (verdict.failed or is_late):
        return WAIT_SECONDS
    why = verdict.failed or _("not ready within %(seconds)d seconds: %(names)s") % {
        "seconds": operation.timeout_seconds,
        "names": ", ".join(verdict.waiting[:10]),
    }
    return _ended_badly(held, operation, why)


def _ended_badly(held: Held, operation: HelmOperation, why: str) -> float | None:
    """Fail, or with `atomic` take back first what was applied."""
    say(operation, why)
    can_undo = operation.atomic and operation.kind in {HelmOperation.Kind.INSTALL, HelmOperation.Kind.UPGRADE}
    if not can_undo or operation.begun_at_revision is None or operation.step == HelmOperation.Step.UNDO:
        end(held, operation, HelmOperation.State.FAILED, why)
        return None
    save(held, step=HelmOperation.Step.UNDO, problem=why)
    return 0.0


def _failed(held: Held, operation: HelmOperation, error: SlipwayError) -> float | None:
    return _ended_badly(held, operation, f"{error.detail} {error.next}".strip())


def _try_later(held: Held, operation: HelmOperation, error: SlipwayError) -> float | None:
    """What does not answer may come back; what was begun stays begun."""
    if timezone.now() - operation.created_at > PATIENCE + timedelta(seconds=operation.timeout_seconds):
        end(held, operation, HelmOperation.State.FAILED, f"{error.detail} {error.next}".strip())
        return None
    # Who is not asked, or answers something else, will not be another in five seconds.
    if getattr(error, "step", "") in {"policy", "read"}:
        return _failed(held, operation, error)
    say(operation, error.detail, unless_said_last=True)
    return RETRY_SECONDS


def _hint(operation: HelmOperation, again: float) -> None:
    """A message for the next pass; when it is lost, the sweep finds the row."""
    from charts.tasks import advance as door

    try:
        door.apply_async((str(operation.pk),), countdown=again)
    except (OperationalError, OSError) as error:
        log.warning("helm_operation.not_hinted", operation=str(operation.pk), why=type(error).__name__)
