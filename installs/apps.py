from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InstallsConfig(AppConfig):
    """Clusters made out of hosts over SSH."""

    name = "installs"
    verbose_name = _("installs")

    def ready(self) -> None:
        from clusters.removal import removal_checks
        from installs.queries import installs_on, may_follow
        from web.live import register_topic

        removal_checks.append(installs_on)
        register_topic("install", may_follow)
        register_topic("installs", _admins)


def _admins(user: Any, topic: str) -> bool:
    """Hosts belong to no team."""
    return bool(user.is_admin)
