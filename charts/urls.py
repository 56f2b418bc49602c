from django.urls import path

from charts.views import catalogue, changing, releases

app_name = "charts"

_RELEASE = "charts/helm-releases/<uuid:pk>/"

urlpatterns = [
    path("charts/", releases.releases, name="releases"),
    path("charts/find/", catalogue.find, name="find"),
    path("charts/show/", catalogue.show, name="show"),
    path("charts/upload/", catalogue.upload, name="upload"),
    path("charts/repositories/", catalogue.repositories, name="repositories"),
    path("charts/repositories/<str:name>/edit/", catalogue.edit, name="edit_repository"),
    path("charts/repositories/<str:name>/refresh/", catalogue.refresh, name="refresh_repository"),
    path("charts/repositories/<str:name>/remove/", catalogue.remove, name="remove_repository"),
    path("charts/install/", changing.install, name="install"),
    path(_RELEASE, releases.release, name="release"),
    path(f"{_RELEASE}upgrade/", changing.upgrade, name="upgrade"),
    path(f"{_RELEASE}rollback/", changing.rollback, name="rollback"),
    path(f"{_RELEASE}uninstall/", changing.uninstall, name="uninstall"),
    path(f"{_RELEASE}recover/", changing.recover, name="recover"),
]
