from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    name = "webhooks"

    def ready(self) -> None:
        """Let robots that a source acts as stay, and let the page of a source follow its deliveries."""
        from accounts.commands.robots import USES
        from web.live import register_topic
        from webhooks.queries import may_follow, uses_of

        if uses_of not in USES:
            USES.append(uses_of)
        register_topic("webhook_source", may_follow)
