from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ChartsConfig(AppConfig):
    """Ties releases to the rail and the live stream, charts to the palette, and keeps clusters at work in place."""

    name = "charts"
    verbose_name = _("charts")

    def ready(self) -> None:
        from charts.finding import find_charts
        from charts.queries import may_follow, operations_on
        from clusters.removal import removal_checks
        from web import nav, palette
        from web.live import register_topic

        nav.add(nav.NavItem(_("Charts"), "charts:releases", "package", 30))
        palette.add("charts", palette.Source(_("Charts"), find_charts, order=50))
        removal_checks.append(operations_on)
        register_topic("helm_release", may_follow)
        register_topic("helm_releases", _anybody)


def _anybody(user: Any, topic: str) -> bool:
    """The topic says only that some release changed; the list shows each person their own."""
    return True
