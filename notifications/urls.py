from django.urls import path

from notifications.views import channels

app_name = "notifications"

urlpatterns = [
    path("settings/channels/", channels.channels, name="channels"),
    path("settings/channels/<uuid:channel_id>/", channels.channel, name="channel"),
    path("settings/channels/<uuid:channel_id>/test/", channels.test, name="test"),
    path("settings/channels/<uuid:channel_id>/remove/", channels.remove, name="remove"),
]
