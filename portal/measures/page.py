"""`GET /metrics` of a web process, for admins' tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.utils.translation import gettext as _
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

from accounts.api_auth import BearerAuthentication
from accounts.models import User
from web.api import ApiView
from web.errors import NotPermitted

if TYPE_CHECKING:
    from rest_framework.request import Request


class MetricsView(ApiView):
    """What this one process counted, and what the database says about the whole installation."""

    schema = None
    authentication_classes = (BearerAuthentication,)

    def get(self, request: Request) -> HttpResponse:
        """Prometheus' text format. Raises NotPermitted for everybody but admins: figures of every team are in it."""
        if not isinstance(request.user, User) or not request.user.is_admin:
            raise NotPermitted(
                _("The metrics of Slipway itself are for admins."), permission="admin", granted_by=_("an admin")
            )
        return HttpResponse(generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)
