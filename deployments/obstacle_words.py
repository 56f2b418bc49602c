"""Why traffic can't be steered as a strategy asks, in words."""

from __future__ import annotations

from django.utils.translation import gettext as _

from deployments.engine.routers import Obstacle


def obstacle_words(obstacle: Obstacle) -> str:
    """The sentence of one obstacle that the engine's routing found."""
    words = {
        "no_service": _(
            "No Kubernetes Service leads to %(workload)s in %(namespace)s on %(cluster)s, or several do. "
            "Name one on the target, or release by replicas."
        ),
        "no_route": _(
            "No %(kinds)s in %(namespace)s on %(cluster)s leads to the Kubernetes Service %(service)s, so there is no "
            "traffic to share. Make one, or release by replicas."
        ),
        "service_without_selector": _(
            "The Kubernetes Service %(service)s has no selector, so it can't be told which pods to take."
        ),
        "service_pinned": _(
            "The selector of the Kubernetes Service %(service)s names a pod-template-hash already. Take it out, then "
            "start again."
        ),
        "service_shared": _(
            "The Kubernetes Service %(service)s also reaches %(pods)s, which are no pods of this workload: pinning it "
            "to one version would cut them off."
        ),
        "name_taken": _("There is a %(kind)s %(name)s already that is not Slipway's. Rename it, then start again."),
        "claimed": _("The %(kind)s %(name)s is held by another portal. End its release there first."),
        "too_many_rules": _("%(route)s would have more than %(most)s rules, which is all that a route may have."),
        "too_many_backends": _("A rule of %(route)s would have more than %(most)s backends."),
        "weights_too_large": _("A weight in %(route)s is above %(most)s: its share can't be split in whole numbers."),
        "subsets_mixed": _(
            "%(route)s leads to %(service)s by a subset in one place and by host alone in another. Use one of them."
        ),
        "mirror_taken": _("%(route)s mirrors its requests already; it can't mirror to the new version as well."),
        "route_not_http": _("%(route)s has no http route to the target: headers and mirrors need one."),
        "nginx_one_header": _("The nginx ingress knows one header route at a time."),
        "nginx_keeps_no_sessions": _(
            "%(route)s keeps no sessions: set its annotation %(annotation)s, and the nginx ingress keeps them with "
            "their version."
        ),
    }
    return words[obstacle.code] % obstacle.params
