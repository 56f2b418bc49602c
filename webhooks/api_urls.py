from typing import Any

from django.urls import path

from webhooks import api

ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
HERE = "webhook-sources/<str:name>"

urlpatterns = [
    path("webhooks/<str:source>/", api.Receive.as_view(), name="webhook"),
    path("webhook-sources/", api.Sources.as_view({"get": "list", "post": "create"}), name="webhook_sources"),
    path(f"{HERE}/", api.Sources.as_view(ONE), name="webhook_source"),
    path(f"{HERE}/rotate/", api.Sources.as_view({"post": "rotate"}), name="webhook_source_rotate"),
    path(f"{HERE}/deliveries/", api.Deliveries.as_view({"get": "list"}), name="webhook_deliveries"),
    path(
        f"{HERE}/deliveries/<uuid:delivery_id>/",
        api.Deliveries.as_view({"get": "retrieve"}),
        name="webhook_delivery",
    ),
    path(
        f"{HERE}/deliveries/<uuid:delivery_id>/again/",
        api.Deliveries.as_view({"post": "again"}),
        name="webhook_delivery_again",
    ),
]
