from django.urls import path

from charts.api import releases, repositories

_RELEASE = "helm-releases/<uuid:pk>/"
_OPERATION = "helm-operations/<uuid:pk>/"
_REPOSITORY = "charts/repositories/<str:name>/"

_releases = releases.Releases.as_view
_repositories = repositories.Repositories.as_view
_uploads = repositories.Uploads.as_view

urlpatterns = [
    path("charts/repositories/", _repositories({"get": "list", "post": "create"}), name="chart_repositories"),
    path(
        _REPOSITORY,
        _repositories({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="chart_repository",
    ),
    path(f"{_REPOSITORY}refresh/", _repositories({"post": "refresh"}), name="chart_repository_refresh"),
    path("charts/search/", repositories.Search.as_view({"get": "search"}), name="charts_search"),
    path("charts/uploads/", _uploads({"get": "list", "post": "create"}), name="chart_uploads"),
    path("charts/uploads/<uuid:pk>/", _uploads({"get": "retrieve"}), name="chart_upload"),
    path("helm-releases/", _releases({"get": "list", "post": "create"}), name="helm_releases"),
    path(
        _RELEASE,
        _releases({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="helm_release",
    ),
    path(f"{_RELEASE}rollback/", _releases({"post": "rollback"}), name="helm_release_rollback"),
    path(f"{_RELEASE}recover/", _releases({"post": "recover"}), name="helm_release_recover"),
    path(f"{_RELEASE}refresh/", _releases({"post": "refresh"}), name="helm_release_refresh"),
    path(f"{_RELEASE}history/", _releases({"get": "history"}), name="helm_release_history"),
    path(f"{_RELEASE}manifest/", _releases({"get": "manifest"}), name="helm_release_manifest"),
    path("helm-operations/", releases.Operations.as_view({"get": "list"}), name="helm_operations"),
    path(_OPERATION, releases.Operations.as_view({"get": "retrieve"}), name="helm_operation"),
    path(f"{_OPERATION}log/", releases.OperationLog.as_view({"get": "list"}), name="helm_operation_log"),
]
