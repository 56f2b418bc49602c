"""Metrics: what a cluster's Prometheus says of a service, a release, a cluster."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MetricsConfig(AppConfig):
    name = "metrics"
    verbose_name = _("metrics")

    def ready(self) -> None:
        """Take a place on the pages of the rooms below."""
        from metrics.places import take_places

        take_places()
