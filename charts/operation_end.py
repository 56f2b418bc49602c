"""The end of an operation: its outcome, and what the cluster then says of the release."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from charts.errors import StorageUnreadable
from charts.models import HelmOperation, HelmRelease
from charts.observing import observe_release
from charts.operation_log import say
from clusters.errors import ApiRefused, ClusterUnreachable
from durable.row_lease import Held, LeaseLost
from web.live import publish

_DONE = HelmOperation.State.SUCCEEDED


def end(held: Held, operation: HelmOperation, state: str, problem: str) -> None:
    """Write the outcome down and forget the values, which the cluster holds from now on. Raises LeaseLost."""
    said = _("done") if state == _DONE else _("failed")
    say(operation, said if not problem else f"{said}: {problem}", unless_said_last=True)
    ended = HelmOperation.objects.filter(held.row()).update(
        state=state, problem=problem, ended_at=timezone.now(), due_at=None, lease_owner="", lease_until=None
    )
    if not ended:
        raise LeaseLost
    HelmOperation.objects.filter(pk=operation.pk).update(values=None)
    release = operation.release
    if state == _DONE and operation.chart_ref:
        HelmRelease.objects.filter(pk=release.pk).update(chart_ref=operation.chart_ref)
    if state == _DONE and operation.kind == HelmOperation.Kind.UNINSTALL:
        HelmRelease.objects.filter(pk=release.pk).update(status="uninstalled", resource_version="")
    else:
        _observe(release)
    publish(f"helm_release:{release.pk}", "helm_releases")


def _observe(release: HelmRelease) -> None:
    try:
        observe_release(release)
    except (ClusterUnreachable, ApiRefused, StorageUnreadable) as error:
        # The next look at the cluster brings the rest.
        HelmRelease.objects.filter(pk=release.pk).update(status="unknown", description=error.detail)
