"""Addresses of the pages of installs."""

from django.urls import path

from installs.views import checks, cluster, hosts, installs, network, review, run

app_name = "installs"

_INSTALL = "installs/<uuid:pk>/"

urlpatterns = [
    path("installs/", installs.installs, name="installs"),
    path("installs/new/", hosts.create, name="create"),
    path(_INSTALL, cluster.install, name="install"),
    path(f"{_INSTALL}hosts/", hosts.hosts, name="hosts"),
    path(f"{_INSTALL}inventory/<str:format>/", hosts.export, name="export"),
    path(f"{_INSTALL}checks/", checks.checks, name="checks"),
    path(f"{_INSTALL}fix/", checks.fix, name="fix"),
    path(f"{_INSTALL}checks/report/<str:format>/", checks.report, name="report"),
    path(f"{_INSTALL}preflight/", checks.preflight, name="preflight"),
    path(f"{_INSTALL}acknowledge/", checks.acknowledge, name="acknowledge"),
    path(f"{_INSTALL}confirm-host-key/", checks.confirm_host_key, name="confirm_host_key"),
    path(f"{_INSTALL}network/", network.network, name="network"),
    path(f"{_INSTALL}review/", review.review, name="review"),
    path(f"{_INSTALL}files/<str:name>/", review.rendered_file, name="rendered_file"),
    path(f"{_INSTALL}runs/<uuid:run>/", run.run, name="run"),
    path(f"{_INSTALL}runs/<uuid:run>/log/", run.log, name="log"),
    path(f"{_INSTALL}retry/", run.retry, name="retry"),
    path(f"{_INSTALL}cancel/", run.cancel, name="cancel"),
    path(f"{_INSTALL}reset/", cluster.reset, name="reset"),
    path(f"{_INSTALL}remove/", cluster.remove, name="remove"),
    path(f"{_INSTALL}add-nodes/", cluster.add_nodes, name="add_nodes"),
    path(f"{_INSTALL}nodes/<str:host>/remove/", cluster.remove_node, name="remove_node"),
    path(f"{_INSTALL}upgrade/", cluster.upgrade, name="upgrade"),
    path(f"{_INSTALL}renew-certificates/", cluster.renew_certificates, name="renew_certificates"),
]
