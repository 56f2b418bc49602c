from django.urls import path

from installs.api import installs, runs

_INSTALL = "installs/<uuid:pk>/"
_RUN = f"{_INSTALL}runs/<uuid:run>/"
_installs = installs.Installs.as_view

urlpatterns = [
    path("installs/", _installs({"get": "list", "post": "create"}), name="installs"),
    path("installs/inventory/", _installs({"post": "read_inventory"}), name="installs_inventory"),
    path(
        _INSTALL,
        _installs({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="install",
    ),
    path(f"{_INSTALL}preflight/", _installs({"post": "preflight"}), name="install_preflight"),
    path(f"{_INSTALL}checks/", runs.Checks.as_view({"get": "list"}), name="install_checks"),
    path(f"{_INSTALL}acknowledge/", _installs({"post": "acknowledge"}), name="install_acknowledge"),
    path(f"{_INSTALL}fixes/", _installs({"post": "fixes"}), name="install_fixes"),
    path(f"{_INSTALL}hosts/<str:name>/host-key/", _installs({"post": "host_key"}), name="install_host_key"),
    path(f"{_INSTALL}start/", _installs({"post": "start"}), name="install_start"),
    path(f"{_INSTALL}retry/", _installs({"post": "retry"}), name="install_retry"),
    path(f"{_INSTALL}cancel/", _installs({"post": "cancel"}), name="install_cancel"),
    path(f"{_INSTALL}reset/", _installs({"post": "reset"}), name="install_reset"),
    path(f"{_INSTALL}nodes/", _installs({"post": "add_nodes"}), name="install_nodes"),
    path(f"{_INSTALL}nodes/<str:name>/", _installs({"delete": "remove_node"}), name="install_node"),
    path(f"{_INSTALL}upgrade/", _installs({"post": "upgrade"}), name="install_upgrade"),
    path(f"{_INSTALL}certificates/", _installs({"post": "certificates"}), name="install_certificates"),
    path(f"{_INSTALL}config/", _installs({"get": "config"}), name="install_config"),
    path(f"{_INSTALL}plan/", _installs({"get": "plan"}), name="install_plan"),
    path(f"{_INSTALL}inventory/", _installs({"get": "export_inventory"}), name="install_inventory"),
    path(f"{_INSTALL}events/", runs.EventsView.as_view(), name="install_events"),
    path(f"{_INSTALL}runs/", runs.Runs.as_view({"get": "list"}), name="install_runs"),
    path(_RUN, runs.Runs.as_view({"get": "retrieve"}), name="install_run"),
    path(f"{_RUN}log/", runs.RunLog.as_view({"get": "list"}), name="install_run_log"),
]
