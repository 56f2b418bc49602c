from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        """Put the log into the rail, let its page be told of new entries, and keep the database's guard up."""
        from django.db.models.signals import post_migrate

        from audit import guard
        from web.live import register_topic
        from web.nav import NavItem, add

        add(NavItem(_("Audit"), "audit", "scroll-text", 90))
        # Only the word that there is something new: which entries, each page asks for itself.
        register_topic("audit", lambda user, topic: True)
        post_migrate.connect(guard.put_up, sender=self, dispatch_uid="audit.guard")
