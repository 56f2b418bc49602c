"""Deployments: releases and everything around them."""

from django.apps import AppConfig


class DeploymentsConfig(AppConfig):
    name = "deployments"

    def ready(self) -> None:
        """Follow the watcher, and stand in the way of removing a cluster or target with active releases."""
        from clusters.observe import timers
        from clusters.removal import removal_checks
        from clusters.signals import objects_changed
        from deployments import receivers
        from deployments.places import take_places
        from deployments.removal import active_on_cluster, active_on_target
        from services.removal import target_removal_checks

        objects_changed.connect(receivers.wake_followers, dispatch_uid="deployments.wake_followers")
        timers.register("deployments", receivers.due_soon, receivers.advance_due)
        removal_checks.append(active_on_cluster)
        target_removal_checks.append(active_on_target)
        take_places()
