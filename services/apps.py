from typing import Any

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ServicesConfig(AppConfig):
    """Ties the catalog to the watcher, the live stream, the rail and the palette."""

    name = "services"
    verbose_name = _("Catalog")

    def ready(self) -> None:
        from accounts import environments
        from clusters.removal import removal_checks
        from clusters.signals import objects_changed
        from services import live, search
        from services.queries.environments import environment_names
        from services.removal import targets_on
        from web import nav, palette
        from web.live import register_topic

        objects_changed.connect(live.when_objects_changed, dispatch_uid="services.live")
        removal_checks.append(targets_on)
        environments.sources.append(environment_names)
        register_topic("service", live.may_see_service)
        register_topic("services", _anybody)
        nav.add(nav.NavItem(_("Services"), "services", "boxes", 10))
        palette.add("services", palette.Source(_("Services"), search.find_services, order=10))
        palette.add("environments", palette.Source(_("Environments"), search.find_environments, order=40))


def _anybody(user: Any, topic: str) -> bool:
    """The topic says only that some service changed; the list shows each person their own."""
    return True
