"""What can go wrong with charts and Helm releases. Each class carries its code and HTTP status."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from web.errors import Conflict, Invalid, SlipwayError, TooLarge


class ArchiveRefused(Invalid):
    """A chart archive breaks a limit or a rule; nothing of it was kept or shown to Helm. `reason` is the rule."""

    code = "chart_archive_refused"
    title = _("The chart archive is refused")

    def __init__(self, reason: str, detail: str, *, next: str = "") -> None:
        super().__init__(
            detail, errors=[{"pointer": "/chart", "code": reason, "detail": detail}], next=next, reason=reason
        )
        self.reason = reason


class ArchiveTooLarge(TooLarge):
    """The archive is larger than what is read at all."""

    code = "chart_archive_too_large"
    title = _("The chart archive is too large")


class RepositoryUnreachable(SlipwayError):
    """No usable answer came from a chart repository or registry. `step` is policy, dns, connect, request or read."""

    code = "chart_repository_unreachable"
    status = 502
    title = _("The chart repository does not answer as one")

    def __init__(self, repository: str, detail: str, *, step: str, next: str = "") -> None:
        super().__init__(detail, next=next, repository=repository, step=step)
        self.repository = repository
        self.step = step


class RepositoryInUse(Conflict):
    """The repository cannot be removed while an operation takes a chart from it."""

    code = "chart_repository_in_use"
    title = _("The chart repository is in use")


class NameTaken(Conflict):
    """A repository, or an upload with other content, has this name."""

    code = "name_taken"


class HelmMissing(SlipwayError):
    """This Slipway finds no Helm to work with."""

    code = "helm_missing"
    status = 503
    title = _("Helm is not there")


class HelmFailed(SlipwayError):
    """Helm ended with an error; `detail` holds its last words without anything secret."""

    code = "helm_failed"
    status = 422
    title = _("Helm refused")


class HelmTimedOut(HelmFailed):
    """Helm did not end within its time and was ended."""

    code = "helm_timed_out"
    status = 504
    title = _("Helm did not finish in time")


class StorageUnreadable(SlipwayError):
    """A Secret of Helm's storage is too large, or is not what Helm writes."""

    code = "helm_storage_unreadable"
    status = 502
    title = _("Helm's record of the release cannot be read")


class OperationRunning(Conflict):
    """An operation on this release has not ended; `blocked_by` names it."""

    code = "helm_operation_running"
    title = _("Another operation is running")


class ReleasePending(Conflict):
    """Helm's storage says that somebody's operation is under way, or was interrupted and left so."""

    code = "helm_release_pending"
    title = _("The release waits for an operation that has not ended")


class ReleaseExists(Conflict):
    """There is a release of this name in the namespace."""

    code = "helm_release_exists"
    title = _("There is such a Helm release")


class ReleaseGone(Conflict):
    """The release was uninstalled."""

    code = "helm_release_uninstalled"
    title = _("The Helm release was uninstalled")


class ScopeRefused(SlipwayError):
    """The chart makes objects outside of the namespace, or of the whole cluster, and the caller is no admin."""

    code = "chart_scope_refused"
    status = 403
    title = _("The chart reaches beyond the namespace")
