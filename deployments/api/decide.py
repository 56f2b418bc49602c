"""What a person decides about a release that is there: one call per verb."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from deployments.api.callers import (
    MakesRelease,
    caller,
    release_accepted,
    service_and_environment,
    visible_release,
)
from deployments.commands import (
    abort_release,
    override_window,
    pause_release,
    promote_release,
    resume_release,
    retry_release,
    rollback_release,
)
from deployments.serializers import OverrideIn, PromoteIn, ReasonIn, ReleaseOut, RollbackIn
from durable.idempotency import IdempotentMixin
from web.api import ApiView
from web.bodies import valid_body

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request


class AbortView(IdempotentMixin, ApiView):
    """Stop a release and bring the old version back."""

    @extend_schema(operation_id="releases_abort", request=ReasonIn, responses={202: ReleaseOut})
    def post(self, request: Request, release_id: UUID) -> Response:
        """Idempotent. 409 names what can be done instead once it is too late."""
        asked = valid_body(ReasonIn, request)
        release = visible_release(request, release_id)
        return release_accepted(request, abort_release(release, by=caller(request), **asked).pk)


class RetryView(MakesRelease, ApiView):
    """Try a release again."""

    @extend_schema(operation_id="releases_retry", request=None, responses={202: ReleaseOut})
    def post(self, request: Request, release_id: UUID) -> Response:
        """A paused release goes on; of an ended one a new release begins, whose `id` is answered."""
        release = visible_release(request, release_id)
        return release_accepted(request, retry_release(release, by=caller(request)).pk)


class RollbackView(MakesRelease, ApiView):
    """Go back to an older revision."""

    @extend_schema(operation_id="releases_rollback", request=RollbackIn, responses={202: ReleaseOut})
    def post(self, request: Request) -> Response:
        """A new release to the exact template of that revision, the last good one unless a number is given."""
        asked, by = valid_body(RollbackIn, request), caller(request)
        service, environment = service_and_environment(by, asked["service"], asked["environment"])
        release = rollback_release(
            by,
            service=service,
            environment=environment,
            to_revision=asked["to_revision"],
            reason=asked["reason"],
            supersede=asked["supersede"],
            emergency=asked["emergency"],
        )
        return release_accepted(request, release.pk)


class PauseView(IdempotentMixin, ApiView):
    """Hold a release where it is."""

    @extend_schema(operation_id="releases_pause", request=None, responses={202: ReleaseOut})
    def post(self, request: Request, release_id: UUID) -> Response:
        """Idempotent. 409 for a rolling release, before the first write and once it ends."""
        release = visible_release(request, release_id)
        return release_accepted(request, pause_release(release, by=caller(request)).pk)


class ResumeView(IdempotentMixin, ApiView):
    """Let a release go on that a person holds."""

    @extend_schema(operation_id="releases_resume", request=None, responses={202: ReleaseOut})
    def post(self, request: Request, release_id: UUID) -> Response:
        """Idempotent. 409 names what can be done where nobody holds it."""
        release = visible_release(request, release_id)
        return release_accepted(request, resume_release(release, by=caller(request)).pk)


class PromoteView(IdempotentMixin, ApiView):
    """Leave a pause, or all that are left."""

    @extend_schema(operation_id="releases_promote", request=PromoteIn, responses={202: ReleaseOut})
    def post(self, request: Request, release_id: UUID) -> Response:
        """Idempotent. With `full` no pause or analysis is waited for any more; approvals, windows and readiness are."""
        asked = valid_body(PromoteIn, request)
        release = visible_release(request, release_id)
        return release_accepted(request, promote_release(release, by=caller(request), **asked).pk)


class OverrideView(IdempotentMixin, ApiView):
    """Let a release pass the freeze window that holds it."""

    @extend_schema(operation_id="releases_override", request=OverrideIn, responses={202: ReleaseOut})
    def post(self, request: Request, release_id: UUID) -> Response:
        """Idempotent. For the role that the window names, or an admin; 409 where no window holds it."""
        release = visible_release(request, release_id)
        asked = valid_body(OverrideIn, request)
        return release_accepted(request, override_window(release, by=caller(request), **asked).pk)
