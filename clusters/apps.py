from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClustersConfig(AppConfig):
    """The room that knows the registered clusters and holds the only door to an API server."""

    name = "clusters"
    verbose_name = _("clusters")

    def ready(self) -> None:
        from clusters.finding import find_clusters, may_follow
        from web import live, nav, palette

        nav.add(nav.NavItem(_("Clusters"), "clusters", "server", 40))
        palette.add("clusters", palette.Source(_("Clusters"), find_clusters, order=30))
        for topic in ("clusters", "cluster"):
            live.register_topic(topic, may_follow)
