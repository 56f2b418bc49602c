from typing import Any

from django.urls import path

from services import api

ONE: dict[str, Any] = {"get": "retrieve", "patch": "partial_update", "delete": "destroy"}
MANY: dict[str, Any] = {"get": "list", "post": "create"}

urlpatterns = [
    path("environments/", api.Environments.as_view(MANY), name="environments"),
    path("environments/<str:name>/", api.Environments.as_view(ONE), name="environment"),
    path("services/", api.Services.as_view(MANY), name="services"),
    path("services/import/", api.ImportServices.as_view(), name="service.import"),
    path("services/<str:name>/", api.Services.as_view(ONE), name="service"),
    path("services/<str:name>/targets/", api.Targets.as_view(MANY), name="targets"),
    path("services/<str:name>/targets/<str:environment>/", api.Targets.as_view(ONE), name="target"),
]
