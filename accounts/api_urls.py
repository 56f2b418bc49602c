from django.urls import path

from accounts import api, api_ci, api_robots, api_security, api_tokens
from accounts.device import api as device
from accounts.oidc import api as oidc

urlpatterns = [
    path("auth/device/", device.DeviceLoginView.as_view(), name="device_login"),
    path("auth/device/token/", device.DeviceTokenView.as_view(), name="device_token"),
    path("views/", api.SavedViewViewSet.as_view({"get": "list", "post": "create"}), name="saved_views"),
    path(
        "views/<uuid:pk>/",
        api.SavedViewViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="saved_view",
    ),
    path("me/", api.MeView.as_view(), name="me"),
    path("me/permissions/", api.MyPermissionsView.as_view(), name="my_permissions"),
    path("permissions/", api.PermissionsView.as_view(), name="permissions"),
    path("roles/", api.RoleViewSet.as_view({"get": "list", "post": "create"}), name="roles"),
    path(
        "roles/<str:name>/",
        api.RoleViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="role",
    ),
    path("users/", api.UserViewSet.as_view({"get": "list", "post": "create"}), name="users"),
    path(
        "users/<str:username>/",
        api.UserViewSet.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="user",
    ),
    path("users/<str:username>/second-factor/", api_security.SecondFactorView.as_view(), name="second_factor"),
    path("sessions/", api_security.SessionViewSet.as_view({"get": "list"}), name="sessions"),
    path(
        "sessions/<uuid:pk>/",
        api_security.SessionViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="session",
    ),
    path(
        "sign-in-policy/",
        api_security.SignInPolicyView.as_view({"get": "retrieve", "patch": "partial_update"}),
        name="sign_in_policy",
    ),
    path("sign-in-locks/", api_security.SignInLockViewSet.as_view({"get": "list"}), name="sign_in_locks"),
    path(
        "sign-in-locks/<uuid:pk>/",
        api_security.SignInLockViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="sign_in_lock",
    ),
    path("teams/", api.TeamViewSet.as_view({"get": "list", "post": "create"}), name="teams"),
    path("teams/<str:name>/", api.TeamViewSet.as_view({"get": "retrieve", "patch": "partial_update"}), name="team"),
    path("teams/<str:name>/members/", api.MemberViewSet.as_view({"get": "list", "post": "create"}), name="members"),
    path("teams/<str:name>/members/<str:user>/", api.MemberViewSet.as_view({"delete": "destroy"}), name="member"),
    path(
        "identity-providers/",
        oidc.ProviderViewSet.as_view({"get": "list", "post": "create"}),
        name="identity_providers",
    ),
    path(
        "identity-providers/<str:name>/",
        oidc.ProviderViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="identity_provider",
    ),
    path(
        "identity-providers/<str:name>/rules/",
        oidc.GroupRuleViewSet.as_view({"get": "list", "post": "create"}),
        name="group_rules",
    ),
    path(
        "identity-providers/<str:name>/rules/<uuid:pk>/",
        oidc.GroupRuleViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="group_rule",
    ),
    path("identities/", oidc.IdentityViewSet.as_view({"get": "list", "post": "create"}), name="identities"),
    path(
        "identities/<uuid:pk>/",
        oidc.IdentityViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="identity",
    ),
    path("teams/<str:name>/robots/", api_robots.Robots.as_view({"get": "list", "post": "create"}), name="robots"),
    path(
        "teams/<str:name>/robots/<str:robot>/",
        api_robots.Robots.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="robot",
    ),
    path(
        "teams/<str:name>/robots/<str:robot>/tokens/",
        api_robots.RobotTokens.as_view({"get": "list", "post": "create"}),
        name="robot_tokens",
    ),
    path("auth/exchange/", api_ci.ExchangeView.as_view(), name="exchange"),
    path("ci-identities/", api_ci.CiIdentities.as_view({"get": "list", "post": "create"}), name="ci_identities"),
    path("ci-identities/try/", api_ci.TryToken.as_view({"post": "create"}), name="try_ci_token"),
    path(
        "ci-identities/<str:name>/",
        api_ci.CiIdentities.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="ci_identity",
    ),
    path("tokens/", api_tokens.Tokens.as_view({"get": "list", "post": "create"}), name="tokens"),
    path(
        "tokens/<uuid:pk>/",
        api_tokens.Tokens.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="token",
    ),
    path("tokens/<uuid:pk>/rotate/", api_tokens.Tokens.as_view({"post": "rotate"}), name="token_rotate"),
]
