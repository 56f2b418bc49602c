from typing import Any

from django.urls import path

from sinks import api

ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}

urlpatterns = [
    path("audit/sinks/", api.Sinks.as_view({"get": "list", "post": "create"}), name="audit_sinks"),
    path("audit/sinks/<uuid:sink_id>/", api.Sinks.as_view(ONE), name="audit_sink"),
    path("audit/sinks/<uuid:sink_id>/test/", api.Sinks.as_view({"post": "test"}), name="audit_sink_test"),
]
