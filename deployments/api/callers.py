"""What every release call begins with: who calls, and the rows that the names in the call stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.response import Response

from deployments.queries import release_named
from deployments.serializers import ReleaseOut
from durable.idempotency import IdempotentMixin
from services.lookups import environment_named
from services.models import Environment, Service
from web.api import accepted
from web.errors import Invalid

if TYPE_CHECKING:
    from uuid import UUID

    from rest_framework.request import Request

    from accounts.models import User
    from deployments.models import Release


def caller(request: Request) -> User:
    """The person behind a call that has passed authentication."""
    return cast("User", request.user)


def visible_release(request: Request, release_id: UUID) -> Release:
    """Raises NotFound unless the caller may see it."""
    return release_named(caller(request), release_id)


def service_and_environment(by: User, service: str, environment: str) -> tuple[Service, Environment]:
    """The rows of these names. Raises Invalid (422) at the name that is unknown; a hidden service is unknown too."""
    found = Service.objects.visible_to(by).select_related("team").filter(name=service).first()
    if found is None:
        raise Invalid.at(
            "/service", "unknown_service", _("There is no service “%(name)s” that you may see.") % {"name": service}
        )
    return found, environment_named(environment)


def release_answer(request: Request, release: Release, status: int = 200) -> Response:
    """One release, with an entity tag that counts edits by people, not ticks."""
    body = ReleaseOut(release, context={"request": request}).data
    return Response(body, status=status, headers={"ETag": f'"{release.edits}"'})


def release_accepted(request: Request, release_id: UUID) -> Response:
    """202 with the release and where it is."""
    found = visible_release(request, release_id)
    return accepted(release_answer(request, found).data, reverse("api:release", args=[found.pk]))


class MakesRelease(IdempotentMixin):
    """Put before the base class of a view whose POST makes a release."""

    def answer_made(self, request: Request, made: UUID) -> Response:
        return release_accepted(request, made)
