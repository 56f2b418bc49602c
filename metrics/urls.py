from django.urls import path

from metrics import views

urlpatterns = [
    path("services/<str:name>/metrics/", views.service, name="service.metrics"),
    path("releases/<uuid:release_id>/metrics/", views.release, name="release.metrics"),
    path("clusters/<str:name>/metrics/", views.cluster, name="cluster.metrics"),
]
