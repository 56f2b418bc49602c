"""Canary Ingresses of the nginx ingress (delivery.md, Routers)."""

from __future__ import annotations

from dataclasses import replace

from deployments.engine.json import Json
from deployments.engine.routers import Ask, nginx
from deployments.engine.seen import Seen
from deployments.engine.strategies import Canary, HeaderRoute, SetWeight, Sticky
from tests.engine.model_cluster import release
from tests.engine.routes import ENDS, backend, ingress, made, some_write, written

RELEASE = release(strategy=Canary(steps=(SetWeight(10),), traffic="nginx"))
SAYS = "nginx.ingress.kubernetes.io/"
BASE = ingress(backend("web"), backend("cart", "/cart"), tls=[{"hosts": ["web.example"], "secretName": "web-tls"}])


def steer(ask: Ask, canary: Json | None = None, spec: object = RELEASE) -> Json:
    """The canary Ingress after all that this ask wants is written."""
    seen = Seen(routes=(BASE, *((canary,) if canary else ())))
    write = some_write(nginx.steered(spec, seen, ENDS, ask))  # type: ignore[arg-type]
    after = written(canary, write) if canary else made(write)
    assert nginx.steered(RELEASE, Seen(routes=(BASE, after)), ENDS, ask) is None
    assert nginx.edited_by_other(RELEASE, Seen(routes=(BASE, after)), ENDS) is None
    return after


def said(canary: Json) -> dict[str, str]:
    annotations = canary["metadata"]["annotations"]
    return {name.removeprefix(SAYS): text for name, text in annotations.items() if name.startswith(SAYS)}


def test_only_the_paths_of_our_backend_lead_to_the_canary_with_class_and_tls_copied() -> None:
    canary = steer(Ask(10))

    assert canary["metadata"]["name"] == "web-canary"
    assert canary["spec"] == {
        "rules": [{"host": "web.example", "http": {"paths": [backend("web-canary")]}}],
        "tls": BASE["spec"]["tls"],
        "ingressClassName": "nginx",
    }
    assert said(canary) == {"canary": "true", "canary-weight": "10"}


def test_weights_and_headers_come_and_go() -> None:
    canary = steer(Ask(10))
    canary = steer(Ask(10, (HeaderRoute("beta", "X-Beta", "exact", "yes"),)), canary)
    assert said(canary) == {
        "canary": "true",
        "canary-weight": "10",
        "canary-by-header": "X-Beta",
        "canary-by-header-value": "yes",
    }

    canary = steer(Ask(50, (HeaderRoute("qa", "X-Who", "prefix", "qa."),)), canary)
    assert said(canary)["canary-by-header-pattern"] == r"^qa\..*"
    assert "canary-by-header-value" not in said(canary)

    assert said(steer(Ask(0), canary)) == {"canary": "true", "canary-weight": "0"}


def test_a_change_by_another_hand_is_seen_and_written_again() -> None:
    canary = steer(Ask(10))
    canary["metadata"]["annotations"][f"{SAYS}canary-weight"] = "90"

    assert nginx.edited_by_other(RELEASE, Seen(routes=(BASE, canary)), ENDS) is canary
    assert said(steer(Ask(10), canary))["canary-weight"] == "10"


def test_the_canary_ingress_is_deleted_and_theirs_was_never_written() -> None:
    canary = steer(Ask(10))

    write = some_write(nginx.given_back(RELEASE, Seen(routes=(BASE, canary)), ENDS))

    assert (write.verb, write.kind, write.name) == ("delete", "Ingress", "web-canary")
    assert write.uid == canary["metadata"]["uid"]
    assert nginx.given_back(RELEASE, Seen(routes=(BASE,)), ENDS) is None


def test_what_it_cannot_do_is_refused_at_the_plan() -> None:
    two = (HeaderRoute("a", "A", "exact", "1"), HeaderRoute("b", "B", "exact", "1"), SetWeight(10))
    headers = replace(RELEASE, strategy=Canary(steps=two, traffic="nginx"))
    sticky = replace(RELEASE, strategy=Canary(steps=(SetWeight(10),), traffic="nginx", sticky=Sticky("v")))
    taken = ingress(backend("other"), name="web-canary")

    assert [one.code for one in nginx.obstacles(headers, Seen(routes=(BASE,)), ENDS)] == ["nginx_one_header"]
    assert [one.code for one in nginx.obstacles(sticky, Seen(routes=(BASE,)), ENDS)] == ["nginx_keeps_no_sessions"]
    assert [one.code for one in nginx.obstacles(RELEASE, Seen(routes=(BASE, taken)), ENDS)] == ["name_taken"]
    assert [one.code for one in nginx.obstacles(RELEASE, Seen(), ENDS)] == ["no_route"]
