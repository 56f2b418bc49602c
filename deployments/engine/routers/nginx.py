"""The nginx ingress: a canary Ingress of ours beside each Ingress that leads to the target; theirs is never written.

ingress-nginx reads annotations of a canary Ingress and ignores all others there, but for load balancing and sessions
(its manual, "Canary"). It can't mirror a canary. The project was retired in March 2026; the plan says so.
"""

from __future__ import annotations

import re

from deployments.engine import borrowed
from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.patches import escape
from deployments.engine.pin import beside
from deployments.engine.routers import Ask, Ends, Obstacle, edited
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import Canary, HeaderRoute
from deployments.engine.workload import labels_of

PREFIX = "nginx.ingress.kubernetes.io/"
CLASS = "kubernetes.io/ingress.class"
INHERITED = (CLASS, f"{PREFIX}load-balance", f"{PREFIX}upstream-hash-by")
ASKED = ("canary-weight", "canary-by-header", "canary-by-header-value", "canary-by-header-pattern")
AFFINITY = f"{PREFIX}affinity"


def bases_of(seen: Seen, ends: Ends) -> list[Json]:
    """The Ingresses of others whose rules lead to the target."""
    return [
        one
        for one in sorted((one for one in seen.routes if borrowed.kind_of(one) == "Ingress"), key=borrowed.name_of)
        if not labels_of(one).get(borrowed.ROLE) and _rules(one, ends)
    ]


def _rules(base: Json, ends: Ends) -> list[Json]:
    """The rules of an Ingress with only the paths of our backend, which lead to the canary's Service instead."""
    found = []
    for rule in (base.get("spec") or {}).get("rules") or []:
        paths = [
            {**path, "backend": {"service": {**path["backend"]["service"], "name": ends.canary}}}
            for path in (rule.get("http") or {}).get("paths") or []
            if ((path.get("backend") or {}).get("service") or {}).get("name") == ends.stable
        ]
        if paths:
            found.append({**rule, "http": {"paths": paths}})
    return found


def _annotations(base: Json, ask: Ask) -> dict[str, str | None]:
    """What a canary Ingress says. None: it must not say that."""
    theirs = base["metadata"].get("annotations") or {}
    said: dict[str, str | None] = {name: theirs[name] for name in INHERITED if name in theirs}
    said |= {f"{PREFIX}canary": "true", **{f"{PREFIX}{name}": None for name in ASKED}}
    said[f"{PREFIX}canary-weight"] = str(ask.weight)
    if ask.headers:
        head = ask.headers[-1]
        said[f"{PREFIX}canary-by-header"] = head.header
        if head.match == "exact":
            said[f"{PREFIX}canary-by-header-value"] = head.value
        else:
            pattern = head.value if head.match == "regex" else f"^{re.escape(head.value)}.*"
            said[f"{PREFIX}canary-by-header-pattern"] = pattern
    return said


def _spec(base: Json, ends: Ends) -> Json:
    spec = base["spec"]
    return {
        "rules": _rules(base, ends),
        **({"tls": spec["tls"]} if spec.get("tls") else {}),
        **({"ingressClassName": spec["ingressClassName"]} if spec.get("ingressClassName") else {}),
    }


def canary_of(seen: Seen, base: Json) -> Json | None:
    """The canary Ingress beside an Ingress."""
    name = beside(borrowed.name_of(base), "canary")
    ingresses = (one for one in seen.routes if borrowed.kind_of(one) == "Ingress")
    return next((one for one in ingresses if borrowed.name_of(one) == name), None)


def obstacles(release: ReleaseSpec, seen: Seen, ends: Ends) -> list[Obstacle]:
    """No Ingress leads there, several header routes at once, or sessions that the Ingress itself does not keep."""
    bases = bases_of(seen, ends)
    if not bases:
        return [Obstacle("no_route", {"kinds": "Ingress", "service": ends.stable, **release.names})]
    found = []
    strategy = release.strategy
    steps = strategy.steps if isinstance(strategy, Canary) else ()
    if len({step.name for step in steps if isinstance(step, HeaderRoute) and step.header}) > 1:
        found.append(Obstacle("nginx_one_header", {}))
    for base in bases:
        name = borrowed.name_of(base)
        if (taken := canary_of(seen, base)) and not labels_of(taken).get(borrowed.ROLE):
            found.append(Obstacle("name_taken", {"kind": "Ingress", "name": borrowed.name_of(taken)}))
        keeps_sessions = (base["metadata"].get("annotations") or {}).get(AFFINITY) == "cookie"
        if isinstance(strategy, Canary) and strategy.sticky and not keeps_sessions:
            found.append(Obstacle("nginx_keeps_no_sessions", {"route": name, "annotation": f"{AFFINITY}: cookie"}))
    return found


def pins_services(seen: Seen, ends: Ends) -> bool:
    """Always: the versions are told apart by Kubernetes Services."""
    return True


def pinned(release: ReleaseSpec, seen: Seen, ends: Ends) -> Write | None:
    """Nothing but the pin of the Service."""
    return None


def unpinned(release: ReleaseSpec, seen: Seen, ends: Ends) -> Write | None:
    """Nothing but the pin of the Service."""
    return None


def steered(release: ReleaseSpec, seen: Seen, ends: Ends, ask: Ask) -> Write | None:
    """The next canary Ingress that is missing or asks for another share; none while no request is meant for it."""
    for base in bases_of(seen, ends):
        ours = canary_of(seen, base)
        if ours is None:
            if not ask.is_nothing:
                return _make(release, base, ends, ask)
        elif borrowed.is_ours(release, ours):
            said = _annotations(base, ask)
            parts = {f"/metadata/annotations/{escape(name)}": value for name, value in said.items()}
            parts |= {f"/spec/{name}": value for name, value in _spec(base, ends).items()}
            kept = {"paths": {}, "asked": ask.to_json()}
            if any(borrowed.at(ours, path) != value for path, value in parts.items()) or borrowed.kept_of(ours) != kept:
                return borrowed.rewrite(release, ours, parts, {}, ask.to_json(), why="route")
    return None


def _make(release: ReleaseSpec, base: Json, ends: Ends, ask: Ask) -> Write:
    name = beside(borrowed.name_of(base), "canary")
    annotations = {key: value for key, value in _annotations(base, ask).items() if value is not None}
    metadata = {
        "name": name,
        "labels": {**borrowed.labels_of_claim(release), borrowed.ROLE: "canary"},
        "annotations": {**annotations, **borrowed.annotation_of({}, ask.to_json())},
    }
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata,
        "spec": _spec(base, ends),
    }
    return Write("route", kind="Ingress", name=name, verb="create", body=body)


def given_back(release: ReleaseSpec, seen: Seen, ends: Ends) -> Write | None:
    """The next canary Ingress that is still there."""
    for one in seen.routes:
        if borrowed.kind_of(one) == "Ingress" and borrowed.is_ours(release, one) and labels_of(one).get(borrowed.ROLE):
            return borrowed.remove({**one, "kind": "Ingress"}, why="route back")
    return None


def held_by_other(release: ReleaseSpec, seen: Seen, ends: Ends) -> Json | None:
    """The first canary Ingress beside an Ingress to the target that another release holds."""
    canaries = (canary_of(seen, base) for base in bases_of(seen, ends))
    return next((one for one in canaries if one is not None and borrowed.is_held_by_other(release, one)), None)


def edited_by_other(release: ReleaseSpec, seen: Seen, ends: Ends) -> Json | None:
    """A canary Ingress that does not say what was last asked of it."""
    for base in bases_of(seen, ends):
        ours = canary_of(seen, base)
        ask = edited.asked_of(ours) if ours is not None and borrowed.is_ours(release, ours) else None
        if ours is None or ask is None:
            continue
        said = ours["metadata"].get("annotations") or {}
        if any(said.get(name) != value for name, value in _annotations(base, ask).items()):
            return ours
    return None


def accepted(release: ReleaseSpec, seen: Seen, ends: Ends) -> bool:
    """An Ingress has no word for it; the settling time stands for the controller's reload."""
    return True
