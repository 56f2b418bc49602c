from django.urls import path

from clusters.views import access, cluster, clusters, connecting, edit, grants, guard

urlpatterns = [
    path("clusters/", clusters.clusters, name="clusters"),
    path("clusters/new/", connecting.register, name="cluster.register"),
    path("clusters/new/access-manifest/", access.access, name="cluster.access"),
    path("clusters/<str:name>/", cluster.cluster, name="cluster"),
    path("clusters/<str:name>/refresh/", cluster.refresh, name="cluster.refresh"),
    path("clusters/<str:name>/guard/", guard.guard, name="cluster.guard"),
    path("clusters/<str:name>/edit/", edit.edit, name="cluster.edit"),
    path("clusters/<str:name>/credentials/", connecting.rotate, name="cluster.rotate"),
    path("clusters/<str:name>/remove/", edit.remove, name="cluster.remove"),
    path("grants/", grants.grants, name="grants"),
    path("grants/<uuid:grant_id>/remove/", grants.remove, name="grant.remove"),
]
