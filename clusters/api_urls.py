from django.urls import path

from clusters.api import ClusterViewSet, GrantViewSet

_NAME = "clusters/<str:name>/"

urlpatterns = [
    path("clusters/", ClusterViewSet.as_view({"get": "list", "post": "create"}), name="clusters"),
    path(
        _NAME,
        ClusterViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="cluster",
    ),
    path(f"{_NAME}health/", ClusterViewSet.as_view({"get": "health"}), name="cluster_health"),
    path(f"{_NAME}info/", ClusterViewSet.as_view({"get": "info"}), name="cluster_info"),
    path(f"{_NAME}refresh/", ClusterViewSet.as_view({"post": "refresh"}), name="cluster_refresh"),
    path(f"{_NAME}guard/", ClusterViewSet.as_view({"put": "guard", "delete": "guard"}), name="cluster_guard"),
    path(f"{_NAME}credentials/", ClusterViewSet.as_view({"put": "credentials"}), name="cluster_credentials"),
    path(f"{_NAME}access-manifest/", ClusterViewSet.as_view({"get": "access_manifest"}), name="cluster_access"),
    path(f"{_NAME}namespaces/", ClusterViewSet.as_view({"get": "namespaces"}), name="cluster_namespaces"),
    path(f"{_NAME}workloads/", ClusterViewSet.as_view({"get": "workloads"}), name="cluster_workloads"),
    path(f"{_NAME}nodes/", ClusterViewSet.as_view({"get": "nodes"}), name="cluster_nodes"),
    path(f"{_NAME}events/", ClusterViewSet.as_view({"get": "events"}), name="cluster_events"),
    path("grants/", GrantViewSet.as_view({"get": "list", "post": "create"}), name="grants"),
    path("grants/<uuid:pk>/", GrantViewSet.as_view({"get": "retrieve", "delete": "destroy"}), name="grant"),
]
