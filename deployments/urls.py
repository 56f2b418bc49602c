from django.urls import path

from deployments.views import decide, deploy, release, releases, rollback

app_name = "deployments"

urlpatterns = [
    path("releases/", releases.releases, name="releases"),
    path("releases/<uuid:release_id>/", release.release, name="release"),
    path("releases/<uuid:release_id>/abort/", decide.abort, name="abort"),
    path("releases/<uuid:release_id>/retry/", decide.retry, name="retry"),
    path("services/<str:service>/deploy/", deploy.deploy, name="deploy"),
    path("services/<str:service>/rollback/", rollback.rollback, name="rollback"),
]
