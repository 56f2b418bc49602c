from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Put the settings into the rail."""
        from accounts.search import find_roles
        from web import palette
        from web.nav import NavItem, add

        add(NavItem(_("Settings"), "settings", "settings", 100))
        palette.add("roles", palette.Source(_("Roles"), find_roles, order=70))
