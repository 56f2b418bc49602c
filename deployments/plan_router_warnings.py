"""What a person should know of the router that a canary's traffic goes through."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from deployments.engine import borrowed, pin
from deployments.engine.routers import Ends, istio
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import Canary, Mirror
from deployments.engine.workload import labels_of
from deployments.warnings import Note


def warnings_of_router(spec: ReleaseSpec, seen: Seen) -> list[Note]:
    """Empty where no router splits the traffic."""
    strategy = spec.strategy
    if not isinstance(strategy, Canary):
        return []
    of_router = {"nginx": _of_nginx, "gateway_api": _of_gateway, "istio": _of_istio}.get(strategy.traffic)
    return list(of_router(spec, strategy, seen)) if of_router else []


def _of_nginx(spec: ReleaseSpec, strategy: Canary, seen: Seen) -> Iterator[Note]:
    text = _(
        "The ingress-nginx project was retired in March 2026 and gets no fixes any more, not even of security. "
        "Canaries by it keep working; plan to move its Ingresses to a Gateway."
    )
    yield Note("nginx_retired", text)


def _of_gateway(spec: ReleaseSpec, strategy: Canary, seen: Seen) -> Iterator[Note]:
    # Traefik 3.6 answers 500 to every request of a rule with a filter that it does not know, and passes over those of a
    # backend, while it reports the route as accepted: nothing that could be observed would stop the release.
    if any(isinstance(step, Mirror) and step.percent for step in strategy.steps):
        text = _(
            "Copies of requests are an extended feature of the Gateway API: a gateway without HTTPRouteRequestMirror "
            "may fail every request of the route. Look at supportedFeatures in the status of its GatewayClass first."
        )
        yield Note("gateway_mirror", text)
    if strategy.sticky:
        text = _(
            "The cookie is set by a filter of a backend, which not every gateway follows: where it does not, sessions "
            "stay with a version only if the application sets the cookie %(cookie)s itself."
        )
        yield Note("gateway_sticky", text % {"cookie": strategy.sticky.cookie})


def _of_istio(spec: ReleaseSpec, strategy: Canary, seen: Seen) -> Iterator[Note]:
    service = pin.routed_service(spec, seen)
    if service is None:
        return
    name = borrowed.name_of(service)
    ends = Ends(spec.namespace, name, pin.beside(name, "canary"), pod_labels=labels_of(spec.template_from))
    if not istio.pins_services(seen, ends):
        return
    for rule in istio.destination_rules(seen, ends):
        if (rule.get("spec") or {}).get("trafficPolicy"):
            text = _(
                "The traffic policy of DestinationRule %(rule)s is for %(service)s: requests to %(canary)s go without "
                "it. Routes by subset keep it for both versions."
            )
            yield Note(
                "policy_by_host", text % {"rule": borrowed.name_of(rule), "service": name, "canary": ends.canary}
            )
