"""What may be done with charts and Helm releases, one function a verb."""

from charts.commands.install import install_release
from charts.commands.recover import recover_release
from charts.commands.repositories import create_repository, edit_repository, refresh_repository, remove_repository
from charts.commands.rollback import rollback_release
from charts.commands.uninstall import uninstall_release
from charts.commands.upgrade import upgrade_release
from charts.commands.upload import upload_chart

__all__ = [
    "create_repository",
    "edit_repository",
    "install_release",
    "recover_release",
    "refresh_repository",
    "remove_repository",
    "rollback_release",
    "uninstall_release",
    "upgrade_release",
    "upload_chart",
]
