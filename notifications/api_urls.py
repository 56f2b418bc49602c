from typing import Any

from django.urls import path

from notifications import api

ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
HERE = "notification-channels/<uuid:channel_id>"

urlpatterns = [
    path("notification-channels/", api.Channels.as_view({"get": "list", "post": "create"}), name="channels"),
    path(f"{HERE}/", api.Channels.as_view(ONE), name="channel"),
    path(f"{HERE}/test/", api.Channels.as_view({"post": "test"}), name="channel_test"),
    path(f"{HERE}/deliveries/", api.Deliveries.as_view({"get": "list"}), name="channel_deliveries"),
]
