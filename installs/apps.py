from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InstallsConfig(AppConfig):
    """Clusters made out of hosts over SSH."""

    name = "installs"
    verbose_name = _("installs")

    def ready(self) -> None:
        from clusters.removal import removal_checks
        from installs.finding import find_installs, is_for
        from installs.queries import installs_on, may_follow
        from web import nav, palette
        from web.live import register_topic

        nav.add(nav.NavItem(_("Installs"), "installs:installs", "wrench", 45, is_for=is_for))
        palette.add("installs", palette.Source(_("Installs"), find_installs, order=60))
        removal_checks.append(installs_on)
        register_topic("install", may_follow)
        register_topic("installs", _admins)


def _admins(user: Any, topic: str) -> bool:
    """Hosts belong to no team."""
    return bool(user.is_admin)
