from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    name = "webhooks"

    def ready(self) -> None:
        """Let robots that a source acts as stay, let the palette find the pages, and these follow deliveries."""
        from accounts.commands.robots import USES
        from web import palette
        from web.live import register_topic
        from webhooks.finding import find_doors
        from webhooks.queries import may_follow, uses_of

        if uses_of not in USES:
            USES.append(uses_of)
        register_topic("webhook_source", may_follow)
        palette.add("webhooks", palette.Source(_("Machines"), find_doors, order=72))
