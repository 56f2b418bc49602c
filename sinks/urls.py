from django.urls import path

from sinks import views

app_name = "sinks"

urlpatterns = [
    path("settings/audit-sinks/", views.sinks, name="sinks"),
    path("settings/audit-sinks/<uuid:sink_id>/", views.sink, name="sink"),
    path("settings/audit-sinks/<uuid:sink_id>/test/", views.test, name="test"),
    path("settings/audit-sinks/<uuid:sink_id>/remove/", views.remove, name="remove"),
]
