from django.urls import path

from webhooks.views import sources

app_name = "webhooks"
HERE = "settings/webhook-sources/<str:name>"

urlpatterns = [
    path("settings/webhook-sources/", sources.sources, name="sources"),
    path(f"{HERE}/", sources.source, name="source"),
    path(f"{HERE}/rotate/", sources.rotate, name="rotate"),
    path(f"{HERE}/remove/", sources.remove, name="remove"),
    path(f"{HERE}/deliveries/<uuid:delivery_id>/again/", sources.again, name="again"),
]
