"""Gateway API: HTTPRoute and GRPCRoute. Weights of `backendRefs`, RequestMirror, header matches as rules in front.

A data plane may not know all of it: `accepted` asks every parent for Accepted and ResolvedRefs at this generation.
"""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass
from math import gcd

from deployments.engine import borrowed
from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.routers import Ask, Ends, Obstacle, edited, sticky
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import Canary, HeaderRoute

KINDS = ("HTTPRoute", "GRPCRoute")
RULES = "/spec/rules"
MOST_RULES = 16
MOST_BACKENDS = 16
LARGEST_WEIGHT = 1_000_000


@dataclass(frozen=True)
class GatewayEditor:
    """Reads and writes the rules of one route (see `edited.Editor`)."""

    ends: Ends
    kind: str

    def parts(self, route: Json) -> tuple[str, ...]:
        return (RULES,)

    def leads(self, part: str, rule: Json) -> bool:
        return any(self._leads_to(ref, self.ends.stable) for ref in rule.get("backendRefs") or [])

    def expanded(self, part: str, rule: Json, ask: Ask) -> list[Json]:
        heads = [self._headed(rule, one) for one in ask.headers]
        if ask.sticky and 0 < ask.weight < 100:
            heads += [self._kept_with(rule, name, pod_hash, ask) for name, pod_hash in sticky.versions(self.ends)]
        return [*heads, self._weighted(rule, ask)]

    def folded(self, part: str, rule: Json) -> Json | None:
        refs = rule.get("backendRefs") or []
        canary = [ref for ref in refs if self._leads_to(ref, self.ends.canary)]
        mirrors = [one for one in rule.get("filters") or [] if not self._is_our_mirror(one)]
        has_cookie = any(sticky.is_ours_in(match) for match in rule.get("matches") or [])
        if canary and (len(canary) == len(refs) or has_cookie):
            return None
        if has_cookie:
            return None
        if not canary and len(mirrors) == len(rule.get("filters") or []):
            return rule
        folded = {**rule, "backendRefs": [self._folded_ref(ref, canary) for ref in refs if ref not in canary]}
        if mirrors:
            folded["filters"] = mirrors
        else:
            folded.pop("filters", None)
        return folded

    def _weighted(self, rule: Json, ask: Ask) -> Json:
        refs = rule.get("backendRefs") or []
        shares: list[tuple[Json, int]] = []
        for ref in refs:
            weight = int(ref.get("weight", 1))
            if self._leads_to(ref, self.ends.stable):
                shares.append((self._cookied(ref, self.ends.stable_hash, ask), weight * (100 - ask.weight)))
                canary = {**deepcopy(ref), "name": self.ends.canary}
                shares.append((self._cookied(canary, self.ends.canary_hash, ask), weight * ask.weight))
            else:
                shares.append((ref, weight * 100))
        # Ratios are kept to the last request; only weights too large for the field are reduced.
        divisor = gcd(*(share for _, share in shares)) if max(s for _, s in shares) > LARGEST_WEIGHT else 1
        weighted = {**rule, "backendRefs": [{**ref, "weight": share // (divisor or 1)} for ref, share in shares]}
        if ask.mirror:
            weighted["filters"] = [*(rule.get("filters") or []), self._mirror(rule, ask.mirror)]
        return weighted

    def _headed(self, rule: Json, header: HeaderRoute) -> Json:
        value = header.value if header.match == "exact" else _pattern(header)
        match = {"type": "Exact" if header.match == "exact" else "RegularExpression", "name": header.header}
        return self._alone(rule, {**match, "value": value}, self.ends.canary)

    def _kept_with(self, rule: Json, name: str, pod_hash: str, ask: Ask) -> Json:
        if ask.sticky is None:
            raise ValueError("asked for only where sessions are kept")
        pattern = sticky.pattern(ask.sticky, pod_hash)
        return self._alone(rule, {"type": "RegularExpression", "name": "Cookie", "value": pattern}, name)

    def _alone(self, rule: Json, header: Json, name: str) -> Json:
        """A copy of the rule for requests with one more header, all of which go to one end."""
        ref = next(ref for ref in rule["backendRefs"] if self._leads_to(ref, self.ends.stable))
        default = {} if self.kind == "GRPCRoute" else {"path": {"type": "PathPrefix", "value": "/"}}
        matches = deepcopy(rule.get("matches") or [default])
        for match in matches:
            match["headers"] = [*(match.get("headers") or []), dict(header)]
        alone = {**deepcopy(rule), "matches": matches, "backendRefs": [{**deepcopy(ref), "name": name, "weight": 1}]}
        # Two rules of a route may not have the same name.
        alone.pop("name", None)
        return alone

    def _cookied(self, ref: Json, pod_hash: str, ask: Ask) -> Json:
        if ask.sticky is None or not 0 < ask.weight < 100:
            return ref
        cookie = {"name": "Set-Cookie", "value": sticky.cookie(ask.sticky, pod_hash)}
        filters = [
            *(ref.get("filters") or []),
            {"type": "ResponseHeaderModifier", "responseHeaderModifier": {"add": [cookie]}},
        ]
        return {**ref, "filters": filters}

    def _mirror(self, rule: Json, percent: int) -> Json:
        ref = next(ref for ref in rule["backendRefs"] if self._leads_to(ref, self.ends.stable))
        backend = {"group": "", "kind": "Service", "name": self.ends.canary}
        backend |= {"port": ref["port"]} if "port" in ref else {}
        return {"type": "RequestMirror", "requestMirror": {"backendRef": backend, "percent": percent}}

    def _is_our_mirror(self, one: Json) -> bool:
        backend = (one.get("requestMirror") or {}).get("backendRef") or {}
        return one.get("type") == "RequestMirror" and self._leads_to(backend, self.ends.canary)

    def _folded_ref(self, ref: Json, canary: list[Json]) -> Json:
        """Our two shares become one again. Ratios to foreign ones stay: all are in the same unit by now."""
        if not self._leads_to(ref, self.ends.stable) or not canary:
            return ref
        pair = next((one for one in canary if one.get("port") == ref.get("port")), canary[0])
        folded = {**ref, "weight": int(ref.get("weight", 1)) + int(pair.get("weight", 1))}
        filters = [one for one in ref.get("filters") or [] if not sticky.is_ours_in(one)]
        folded.pop("filters", None)
        return {**folded, "filters": filters} if filters else folded

    def _leads_to(self, ref: Json, name: str) -> bool:
        kind = (ref.get("group") or "", ref.get("kind") or "Service")
        namespace = ref.get("namespace") or self.ends.namespace
        return kind == ("", "Service") and ref.get("name") == name and namespace == self.ends.namespace


def _pattern(header: HeaderRoute) -> str:
    return header.value if header.match == "regex" else f"^{re.escape(header.value)}.*"


def _editor(route: Json, ends: Ends) -> GatewayEditor:
    return GatewayEditor(ends, borrowed.kind_of(route))


def routes_of(seen: Seen, ends: Ends) -> list[Json]:
    """The routes that lead to the target."""
    found = []
    for route in seen.routes:
        editor = _editor(route, ends)
        if borrowed.kind_of(route) in KINDS and any(
            editor.leads(RULES, rule) for rule in edited.originals_of(route, editor).get(RULES, [])
        ):
            found.append(route)
    return found


def obstacles(release: ReleaseSpec, seen: Seen, ends: Ends) -> list[Obstacle]:
    """No route, or one that would grow beyond what the API takes."""
    routes = routes_of(seen, ends)
    if not routes:
        return [Obstacle("no_route", {"kinds": " / ".join(KINDS), "service": ends.stable, **release.names})]
    strategy = release.strategy
    steps = strategy.steps if isinstance(strategy, Canary) else ()
    heads = len({step.name for step in steps if isinstance(step, HeaderRoute) and step.header})
    heads += 2 if isinstance(strategy, Canary) and strategy.sticky else 0
    found = []
    for route in routes:
        editor, name = _editor(route, ends), borrowed.name_of(route)
        rules = edited.originals_of(route, editor)[RULES]
        ours = [rule for rule in rules if editor.leads(RULES, rule)]
        if len(rules) + heads * len(ours) > MOST_RULES:
            found.append(Obstacle("too_many_rules", {"route": name, "most": MOST_RULES}))
        if any(len(rule["backendRefs"]) + 1 > MOST_BACKENDS for rule in ours):
            found.append(Obstacle("too_many_backends", {"route": name, "most": MOST_BACKENDS}))
        weights = [int(ref.get("weight", 1)) for rule in ours for ref in rule["backendRefs"]]
        if max(weights) * 100 > LARGEST_WEIGHT:
            found.append(Obstacle("weights_too_large", {"route": name, "most": LARGEST_WEIGHT // 100}))
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
    """The next route that does not ask for this share yet."""
    for route in _held_or_leading(release, seen, ends):
        if write := edited.steer(release, [route], _editor(route, ends), ask):
            return write
    return None


def given_back(release: ReleaseSpec, seen: Seen, ends: Ends) -> Write | None:
    """The next route of ours that is not as it was found."""
    for route in _held_or_leading(release, seen, ends):
        if write := edited.give_back(release, [route], _editor(route, ends)):
            return write
    return None


def held_by_other(release: ReleaseSpec, seen: Seen, ends: Ends) -> Json | None:
    """The first route to the target that another release holds."""
    return next((one for one in routes_of(seen, ends) if borrowed.is_held_by_other(release, one)), None)


def edited_by_other(release: ReleaseSpec, seen: Seen, ends: Ends) -> Json | None:
    """The first route of ours whose rules are not what was last asked of it."""
    routes = _held_or_leading(release, seen, ends)
    return next((one for one in routes if edited.edited(release, [one], _editor(one, ends))), None)


def accepted(release: ReleaseSpec, seen: Seen, ends: Ends) -> bool:
    """Whether every parent of every route says Accepted and ResolvedRefs of this generation."""
    return all(_is_accepted(one) for one in _held_or_leading(release, seen, ends) if borrowed.is_ours(release, one))


def _held_or_leading(release: ReleaseSpec, seen: Seen, ends: Ends) -> list[Json]:
    leading = routes_of(seen, ends)
    held = [one for one in seen.routes if borrowed.kind_of(one) in KINDS and borrowed.is_ours(release, one)]
    return leading + [one for one in held if one not in leading]


def _is_accepted(route: Json) -> bool:
    generation = route["metadata"].get("generation") or 0
    parents = (route.get("status") or {}).get("parents") or []
    for wanted in (route.get("spec") or {}).get("parentRefs") or []:
        told = [one for one in parents if _names(one.get("parentRef") or {}) == _names(wanted)]
        if not told or not all(_says(one, generation) for one in told):
            return False
    return True


def _says(parent: Json, generation: int) -> bool:
    conditions = {one.get("type"): one for one in parent.get("conditions") or []}
    return all(
        (conditions.get(name) or {}).get("status") == "True"
        and (conditions[name].get("observedGeneration") or 0) >= generation
        for name in ("Accepted", "ResolvedRefs")
    )


def _names(ref: Json) -> tuple[object, ...]:
    """A parent by what tells it from others. The namespace is left out: a status may name what the spec leaves out."""
    return ref.get("kind") or "Gateway", ref.get("name"), ref.get("sectionName"), ref.get("port")
