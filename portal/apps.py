import os

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        """Put Home into the rail, and let it be told that something changed."""
        from prometheus_client import REGISTRY

        from portal.measures.listen import listen
        from portal.measures.standing import Standing
        from web import live, nav

        nav.add(nav.NavItem(_("Home"), "home", "house", 0))
        # Only the word that there is something new: what it is, each page asks for itself.
        live.register_topic("home", lambda user, topic: True)
        if os.environ.get("SLIPWAY_PROCESS", "web") == "web":
            REGISTRY.register(Standing())
        listen()
