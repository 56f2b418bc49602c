from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        """Let the page of a channel follow its deliveries."""
        from notifications.queries import may_follow
        from web.live import register_topic

        register_topic("channel", may_follow)
