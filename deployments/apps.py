"""Deployments: releases and everything around them."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class DeploymentsConfig(AppConfig):
    name = "deployments"

    def ready(self) -> None:
        """Follow the watcher, judge default strategies, and keep clusters and targets with active releases."""
        from clusters.observe import timers
        from clusters.removal import removal_checks
        from clusters.signals import objects_changed
        from deployments import receivers
        from deployments.analysis.built_in import keep_rows
        from deployments.places import take_places
        from deployments.removal import active_on_cluster, active_on_target
        from deployments.strategy_words import strategy_findings
        from services.removal import target_removal_checks
        from services.rules.strategy import strategy_checks

        objects_changed.connect(receivers.wake_followers, dispatch_uid="deployments.wake_followers")
        timers.register("deployments", receivers.due_soon, receivers.advance_due)
        removal_checks.append(active_on_cluster)
        target_removal_checks.append(active_on_target)
        strategy_checks.append(strategy_findings)
        post_migrate.connect(keep_rows, sender=self, dispatch_uid="deployments.keep_rows")
        take_places()
