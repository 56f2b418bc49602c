from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        """Put the settings into the rail and the palette, and let no role go that a group rule gives."""
        from accounts.commands.roles import uses_elsewhere
        from accounts.oidc.rules import uses_of_role
        from accounts.search import find_roles, find_sign_in
        from web import palette
        from web.nav import NavItem, add

        add(NavItem(_("Settings"), "settings", "settings", 100))
        palette.add("roles", palette.Source(_("Roles"), find_roles, order=70))
        palette.add("sign-in", palette.Source(_("Settings"), find_sign_in, order=71))
        uses_elsewhere.append(uses_of_role)
