from django.urls import path

from metrics import api

urlpatterns = [
    path("services/<str:name>/metrics/", api.ServiceMetrics.as_view(), name="service_metrics"),
    path("clusters/<str:name>/query/", api.ClusterQuery.as_view(), name="cluster_query"),
]
