from django.urls import path

from accounts.device import views as device
from accounts.views import profile, roles, saved_views, session, teams, tokens, users

urlpatterns = [
    path("sign-in/", session.sign_in, name="sign_in"),
    path("session/renew/", session.renew, name="renew_session"),
    path("sign-out/", session.sign_out, name="sign_out"),
    path("device/", device.device, name="device"),
    path("device/allow/", device.allow, name="allow_device_login"),
    path("device/refuse/", device.refuse, name="refuse_device_login"),
    path("views/save/", saved_views.save, name="save_view"),
    path("views/<uuid:pk>/remove/", saved_views.remove, name="remove_view"),
    path("settings/", profile.settings, name="settings"),
    path("settings/profile/", profile.profile, name="profile"),
    path("settings/tokens/", tokens.tokens, name="tokens"),
    path("settings/tokens/<uuid:pk>/revoke/", tokens.revoke, name="revoke_token"),
    path("settings/teams/", teams.teams, name="teams"),
    path("settings/teams/<str:name>/", teams.team, name="team"),
    path("settings/teams/<str:name>/edit/", teams.edit, name="edit_team"),
    path("settings/teams/<str:name>/members/<str:user>/remove/", teams.remove, name="remove_member"),
    path("settings/roles/", roles.roles, name="roles"),
    path("settings/roles/new/", roles.create, name="create_role"),
    path("settings/roles/<str:name>/", roles.role, name="role"),
    path("settings/roles/<str:name>/remove/", roles.remove, name="remove_role"),
    path("settings/users/", users.users, name="users"),
    path("settings/users/<str:username>/", users.user, name="user"),
]
