from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        """Let the page of a channel follow its deliveries, and the front door tell the channels of every team."""
        from functools import partial

        from accounts.alarms import LISTENERS
        from notifications.queries import may_follow
        from notifications.tell import tell
        from web.live import register_topic

        register_topic("channel", may_follow)
        LISTENERS.append(partial(tell, teams=()))
