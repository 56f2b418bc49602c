from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Put the settings into the rail."""
        from web.nav import NavItem, add

        add(NavItem(_("Settings"), "settings", "settings", 100))
