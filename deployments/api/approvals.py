"""The inbox of the caller, and the two verbs with which it is emptied."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.response import Response

from deployments.api.approval_bodies import ApprovalOut, VoiceIn
from deployments.api.callers import caller, release_accepted, visible_release
from deployments.commands import approve_release, reject_release
from deployments.models import Approval
from deployments.queries.approvals import approval_list, approval_named, inbox
from deployments.serializers import ReleaseOut
from durable.idempotency import IdempotentMixin
from web.api import ApiView, ApiViewSet
from web.bodies import valid_body
from web.errors import BadParameter

if TYPE_CHECKING:
    from uuid import UUID

    from django.db.models import QuerySet
    from rest_framework.request import Request


STATE = OpenApiParameter(
    "state", str, enum=Approval.State.values, description="pending (the default): what waits for the caller's voice."
)


class ApprovalViewSet(ApiViewSet):
    """Approvals: those that wait for the caller, or those of a state that the caller may see."""

    serializer_class = ApprovalOut
    query_parameters = {"list": ["state"]}
    ordering_fields = ("asked_at",)
    ordering = ("-asked_at",)

    def get_queryset(self) -> QuerySet[Approval]:
        return approval_list(caller(self.request))

    @extend_schema(operation_id="approvals_list", parameters=[STATE])
    def list(self, request: Request) -> Response:
        """Newest first."""
        state = request.query_params.get("state", Approval.State.PENDING)
        if state not in Approval.State.values:
            raise BadParameter(_("`state` is one of: %(states)s.") % {"states": ", ".join(Approval.State.values)})
        if state == Approval.State.PENDING:
            return self.paged(inbox(caller(request)))
        return self.paged(self.get_queryset().filter(state=state))

    @extend_schema(operation_id="approvals_retrieve")
    def retrieve(self, request: Request, approval_id: UUID) -> Response:
        """One approval."""
        return self.answer(approval_named(caller(request), approval_id))


class ApproveView(IdempotentMixin, ApiView):
    """Approve the release that waits for voices."""

    @extend_schema(operation_id="releases_approve", request=VoiceIn, responses={202: ReleaseOut})
    def post(self, request: Request, release_id: UUID) -> Response:
        """The same voice again changes nothing. Who asked for the release never counts (403); 409 when there is
        nothing to decide, or it was edited since."""
        release = visible_release(request, release_id)
        return release_accepted(
            request, approve_release(release, by=caller(request), **valid_body(VoiceIn, request)).pk
        )


class RejectView(IdempotentMixin, ApiView):
    """Reject the release that waits for voices."""

    @extend_schema(operation_id="releases_reject", request=VoiceIn, responses={202: ReleaseOut})
    def post(self, request: Request, release_id: UUID) -> Response:
        """One voice aborts the release. Otherwise as approve."""
        release = visible_release(request, release_id)
        return release_accepted(request, reject_release(release, by=caller(request), **valid_body(VoiceIn, request)).pk)
