from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SinksConfig(AppConfig):
    """The room that sends the audit log on to where others keep it."""

    name = "sinks"
    verbose_name = _("audit sinks")

    def ready(self) -> None:
        from audit import retention
        from sinks.queries import find_pages, needed_after
        from web import live, palette

        retention.holds.append(needed_after)
        live.register_topic("audit_sinks", lambda user, topic: user.is_admin)
        palette.add("audit sinks", palette.Source(_("Settings"), find_pages, order=70))
