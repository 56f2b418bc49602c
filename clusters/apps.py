from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClustersConfig(AppConfig):
    """The room that knows the registered clusters and holds the only door to an API server."""

    name = "clusters"
    verbose_name = _("clusters")
