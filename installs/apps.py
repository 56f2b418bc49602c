from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InstallsConfig(AppConfig):
    """Clusters made out of hosts over SSH."""

    name = "installs"
    verbose_name = _("installs")
