from django.urls import path

from services.views import edit_service, environments, freeze_windows, import_services, services, targets

urlpatterns = [
    path("services/", services.services, name="services"),
    path("services/new/", edit_service.create, name="service.create"),
    path("services/import/", import_services.import_services, name="service.import"),
    path("services/<str:name>/", services.service, name="service"),
    path("services/<str:name>/edit/", edit_service.edit, name="service.edit"),
    path("services/<str:name>/remove/", edit_service.remove, name="service.remove"),
    path("services/<str:name>/targets/new/", targets.create, name="target.create"),
    path("services/<str:name>/targets/<str:environment>/edit/", targets.edit, name="target.edit"),
    path("services/<str:name>/targets/<str:environment>/remove/", targets.remove, name="target.remove"),
    path("environments/", environments.environments, name="environments"),
    path("environments/new/", environments.create, name="environment.create"),
    path("environments/<str:name>/", environments.environment, name="environment"),
    path("environments/<str:name>/edit/", environments.edit, name="environment.edit"),
    path("environments/<str:name>/freeze-windows/", freeze_windows.freeze_windows, name="environment.freeze_windows"),
    path("environments/<str:name>/remove/", environments.remove, name="environment.remove"),
]
