"""What a person decides about a release that is there: one call per verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from accounts.permissions import require
from deployments.api.callers import (
    MakesRelease,
    caller,
    release_accepted,
    service_and_environment,
    visible_release,
)
from deployments.commands import abort_release, retry_release, rollback_release
from deployments.errors import WrongPhase
from deployments.serializers import ReasonIn, ReleaseOut, RollbackIn
from deployments.verbs import allowed_verbs
from durable.idempotency import IdempotentMixin
from web.api import ApiView

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request


class AbortView(IdempotentMixin, ApiView):
    """Stop a release and bring the old version back."""

    @extend_schema(operation_id="releases_abort", request=ReasonIn, responses={202: ReleaseOut})
    def post(self, request: Request, release_id: UUID) -> Response:
        """Idempotent. 409 names what can be done instead once it is too late."""
        body = ReasonIn(data=request.data)
        body.is_valid(raise_exception=True)
        release = visible_release(request, release_id)
        return release_accepted(
            request, abort_release(release, by=caller(request), reason=body.validated_data["reason"]).pk
        )


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
        body = RollbackIn(data=request.data)
        body.is_valid(raise_exception=True)
        asked = body.validated_data
        by = caller(request)
        service, environment = service_and_environment(by, asked["service"], asked["environment"])
        release = rollback_release(
            by,
            service=service,
            environment=environment,
            to_revision=asked["to_revision"],
            reason=asked["reason"],
            supersede=asked["supersede"],
        )
        return release_accepted(request, release.pk)


class OtherVerbView(IdempotentMixin, ApiView):
    """A verb for which a rolling release has no place: it has no pause step, and no step waits for an approval.

    Answers 409 naming what can be done, so that a script need not know strategies.
    """

    verb: ClassVar[str] = ""

    @extend_schema(request=None, responses={202: ReleaseOut})
    def post(self, request: Request, release_id: UUID) -> Response:
        """409 for a rolling release."""
        release = visible_release(request, release_id)
        require(caller(request), f"release.{self.verb}", release.team)
        raise WrongPhase(
            _("Release #%(number)d is rolling and %(status)s: it has nothing to %(verb)s.")
            % {"number": release.number, "status": release.get_status_display(), "verb": self.verb},
            allowed=allowed_verbs(release),
        )


class PauseView(OtherVerbView):
    """Pause."""

    verb = "pause"


class ResumeView(OtherVerbView):
    """Resume."""

    verb = "resume"


class PromoteView(OtherVerbView):
    """Promote."""

    verb = "promote"
