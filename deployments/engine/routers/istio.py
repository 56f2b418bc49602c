"""Istio: VirtualService routes of http, tls and tcp, by hosts or by the subsets of a DestinationRule.

By hosts the two versions are two Kubernetes Services and the routed one is pinned. By subsets the subset that our
routes name and a second one beside it carry the pod-template-hash, and no Service is touched.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass

from deployments.engine import borrowed
from deployments.engine.decision import Write
from deployments.engine.json import Json
from deployments.engine.pin import beside
from deployments.engine.routers import Ask, Ends, Obstacle, edited, sticky
from deployments.engine.seen import Seen
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import Canary, HeaderRoute, Mirror
from deployments.engine.workload import HASH

HTTP, TLS, TCP = "/spec/http", "/spec/tls", "/spec/tcp"
SUBSETS = "/spec/subsets"
WHOLE = 100


@dataclass(frozen=True)
class IstioEditor:
    """Reads and writes the routes of a VirtualService (see `edited.Editor`). `subset` "": the versions are hosts."""

    ends: Ends
    subset: str = ""

    @property
    def canary_subset(self) -> str:
        return beside(self.subset, "canary")

    def parts(self, route: Json) -> tuple[str, ...]:
        return HTTP, TLS, TCP

    def leads(self, part: str, rule: Json) -> bool:
        return any(self._is_stable(one) for one in rule.get("route") or [])

    def expanded(self, part: str, rule: Json, ask: Ask) -> list[Json]:
        if part != HTTP:
            return [self._weighted(rule, ask.weight)]
        heads = [self._headed(rule, one) for one in ask.headers]
        weighted = self._weighted(rule, ask.weight)
        if ask.sticky and 0 < ask.weight < WHOLE:
            heads += [self._kept_with(rule, canary, ask) for canary in (True, False)]
            weighted = {**weighted, "route": [self._cookied(one, ask) for one in weighted["route"]]}
        if ask.mirror:
            first = next(one for one in rule["route"] if self._is_stable(one))
            weighted |= {
                "mirror": self._to_canary(first)["destination"],
                "mirrorPercentage": {"value": ask.mirror},
            }
        return [*heads, weighted]

    def folded(self, part: str, rule: Json) -> Json | None:
        routes = rule.get("route") or []
        canary = [one for one in routes if self._is_canary(one)]
        if (canary and len(canary) == len(routes)) or any(sticky.is_ours_in(one) for one in rule.get("match") or []):
            return None
        mirrors_ours = self._is_canary({"destination": rule.get("mirror") or {}})
        if not canary and not mirrors_ours:
            return rule
        kept = [self._folded_route(one, canary) for one in routes if one not in canary]
        if len(kept) == 1 and kept[0].get("weight") == WHOLE:
            kept[0].pop("weight")
        folded = {**rule, "route": kept}
        if mirrors_ours:
            folded.pop("mirror")
            folded.pop("mirrorPercentage", None)
        return folded

    def _weighted(self, rule: Json, weight: int) -> Json:
        routes = rule["route"]
        # A single destination may leave its weight out: it gets everything.
        weights = [int(one.get("weight", WHOLE if len(routes) == 1 else 0)) for one in routes]
        # In percent a destination is shared out in whole percent. Weights with another sum are ratios: those are kept.
        scale = 1 if sum(weights) == WHOLE else WHOLE
        shared: list[Json] = []
        for one, whole in zip(routes, weights, strict=True):
            if not self._is_stable(one):
                shared.append({**one, "weight": whole * scale} if scale > 1 else one)
                continue
            canary = canary_share(whole * scale, weight)
            shared.append({**one, "weight": whole * scale - canary})
            shared.append({**self._to_canary(one), "weight": canary})
        return {**rule, "route": shared}

    def _headed(self, rule: Json, header: HeaderRoute) -> Json:
        alone = self._alone(rule, header.header.lower(), {header.match: header.value}, canary=True)
        return {**alone, "name": f"slipway-{header.name}"}

    def _kept_with(self, rule: Json, canary: bool, ask: Ask) -> Json:
        if ask.sticky is None:
            raise ValueError("asked for only where sessions are kept")
        pod_hash = self.ends.canary_hash if canary else self.ends.stable_hash
        return self._alone(rule, "cookie", {"regex": sticky.pattern(ask.sticky, pod_hash)}, canary=canary)

    def _alone(self, rule: Json, header: str, wanted: Json, *, canary: bool) -> Json:
        """A copy of the route for requests with one more header, all of which go to one end."""
        first = next(one for one in rule["route"] if self._is_stable(one))
        destination = self._to_canary(first) if canary else deepcopy(first)
        matches = deepcopy(rule.get("match") or [{}])
        for match in matches:
            match["headers"] = {**(match.get("headers") or {}), header: dict(wanted)}
        alone = {**deepcopy(rule), "match": matches, "route": [{**destination, "weight": WHOLE}]}
        alone.pop("name", None)
        return alone

    def _cookied(self, one: Json, ask: Ask) -> Json:
        if ask.sticky is None or not (self._is_stable(one) or self._is_canary(one)):
            return one
        pod_hash = self.ends.canary_hash if self._is_canary(one) else self.ends.stable_hash
        one = deepcopy(one)
        # `add`, not `set`: the application's own cookies travel in the same header.
        added = one.setdefault("headers", {}).setdefault("response", {}).setdefault("add", {})
        added["Set-Cookie"] = sticky.cookie(ask.sticky, pod_hash)
        return one

    def _folded_route(self, one: Json, canary: list[Json]) -> Json:
        """Our two shares become one again."""
        if not self._is_stable(one) or not canary:
            return one
        port = (one["destination"].get("port") or {}).get("number")
        pair = next((c for c in canary if (c["destination"].get("port") or {}).get("number") == port), canary[0])
        folded = {**one, "weight": int(one.get("weight", 0)) + int(pair.get("weight", 0))}
        if sticky.is_ours_in(folded.get("headers") or {}):
            headers = deepcopy(folded.pop("headers"))
            headers["response"]["add"].pop("Set-Cookie", None)
            headers["response"] = {key: value for key, value in headers["response"].items() if value}
            if headers := {key: value for key, value in headers.items() if value}:
                folded["headers"] = headers
        return folded

    def _to_canary(self, one: Json) -> Json:
        canary = deepcopy(one)
        if self.subset:
            canary["destination"]["subset"] = self.canary_subset
        else:
            _, dot, domain = str(one["destination"]["host"]).partition(".")
            canary["destination"]["host"] = f"{self.ends.canary}{dot}{domain}"
        return canary

    def _is_stable(self, one: Json) -> bool:
        destination = one.get("destination") or {}
        subset = str(destination.get("subset") or "")
        return names_service(destination, self.ends.stable, self.ends.namespace) and subset == self.subset

    def _is_canary(self, one: Json) -> bool:
        destination = one.get("destination") or {}
        if not self.subset:
            return names_service(destination, self.ends.canary, self.ends.namespace)
        is_host = names_service(destination, self.ends.stable, self.ends.namespace)
        return is_host and destination.get("subset") == self.canary_subset


def canary_share(whole: int, weight: int) -> int:
    """The canary's part of a destination's weight, in whole units: rounded, but who is meant to get requests gets some.
    Worked: 100 at 10 -> 10; 50 at 25 -> 13; 50 at 1 -> 1; 3 at 99 -> 2; 1 at 50 -> 1."""
    if weight in (0, WHOLE) or whole == 0:
        return whole if weight == WHOLE else 0
    share = (whole * weight + WHOLE // 2) // WHOLE
    return max(1, min(share, max(whole - 1, 1)))


def names_service(destination: Json, name: str, namespace: str) -> bool:
    """Whether a destination's host is that Service, in any of the lengths in which a host may be written."""
    host = str(destination.get("host") or "")
    full = f"{name}.{namespace}"
    return host in (name, full, f"{full}.svc", f"{full}.svc.cluster.local")


def subset_of(seen: Seen, ends: Ends) -> str:
    """The subset that routes to the target name and whose labels match its pods; "": they name none."""
    for rule in destination_rules(seen, ends):
        for one in _original_subsets(rule, ends):
            labels = one.get("labels") or {}
            mine = all(ends.pod_labels.get(key) == value for key, value in labels.items() if key != HASH)
            if mine and _is_named(seen, ends, str(one.get("name") or "")):
                return str(one["name"])
    return ""


def _is_named(seen: Seen, ends: Ends, subset: str) -> bool:
    editor = IstioEditor(ends, subset)
    return any(
        editor.leads(part, rule)
        for one in _virtual_services(seen)
        for part in (HTTP, TLS, TCP)
        for rule in borrowed.at(one, part) or []
    )


def destination_rules(seen: Seen, ends: Ends) -> list[Json]:
    """The DestinationRules of the routed Service."""
    return [
        one
        for one in seen.routes
        if borrowed.kind_of(one) == "DestinationRule"
        and names_service(one.get("spec") or {}, ends.stable, ends.namespace)
    ]


def _virtual_services(seen: Seen) -> list[Json]:
    return [one for one in seen.routes if borrowed.kind_of(one) == "VirtualService"]


def _editor(seen: Seen, ends: Ends) -> IstioEditor:
    return IstioEditor(ends, subset_of(seen, ends))


def _leading(seen: Seen, editor: IstioEditor) -> list[Json]:
    return [
        one
        for one in _virtual_services(seen)
        if any(editor.leads(part, rule) for part, rules in edited.originals_of(one, editor).items() for rule in rules)
    ]


def _held_or_leading(release: ReleaseSpec, seen: Seen, editor: IstioEditor) -> list[Json]:
    leading = _leading(seen, editor)
    held = [one for one in _virtual_services(seen) if borrowed.is_ours(release, one)]
    return leading + [one for one in held if one not in leading]


def obstacles(release: ReleaseSpec, seen: Seen, ends: Ends) -> list[Obstacle]:
    """No route, routes that mix hosts and subsets, or a mirror that is somebody else's already."""
    editor = _editor(seen, ends)
    leading = _leading(seen, editor)
    if not leading:
        return [Obstacle("no_route", {"kinds": "VirtualService", "service": ends.stable, **release.names})]
    found = []
    steps = release.strategy.steps if isinstance(release.strategy, Canary) else ()
    mirrors = any(isinstance(step, Mirror) and step.percent for step in steps)
    for one in leading:
        name = borrowed.name_of(one)
        if editor.subset and _leading(Seen(routes=(one,)), IstioEditor(ends)):
            found.append(Obstacle("subsets_mixed", {"route": name, "service": ends.stable}))
        rules = edited.originals_of(one, editor).get(HTTP, [])
        if mirrors and any(editor.leads(HTTP, rule) and ("mirror" in rule or "mirrors" in rule) for rule in rules):
            found.append(Obstacle("mirror_taken", {"route": name}))
        only_http = any(isinstance(step, HeaderRoute | Mirror) for step in steps)
        if only_http and not any(editor.leads(HTTP, rule) for rule in rules):
            found.append(Obstacle("route_not_http", {"route": name}))
    return found


def pins_services(seen: Seen, ends: Ends) -> bool:
    """By hosts only: subsets carry the hashes themselves."""
    return not subset_of(seen, ends)


def pinned(release: ReleaseSpec, seen: Seen, ends: Ends) -> Write | None:
    """Both subsets carry the hash of their version."""
    return _with_subsets(release, seen, ends, ends.stable_hash)


def unpinned(release: ReleaseSpec, seen: Seen, ends: Ends) -> Write | None:
    """The stable subset takes all pods again; the canary's stays, for routes still name it."""
    held = [one for one in destination_rules(seen, ends) if borrowed.is_ours(release, one)]
    return _with_subsets(release, seen, ends, "") if held else None


def _with_subsets(release: ReleaseSpec, seen: Seen, ends: Ends, stable_hash: str) -> Write | None:
    editor = _editor(seen, ends)
    for rule in destination_rules(seen, ends):
        originals = _original_subsets(rule, ends)
        if not editor.subset or borrowed.is_held_by_other(release, rule):
            continue
        if not any(one.get("name") == editor.subset for one in originals):
            continue
        wanted: list[Json] = []
        for one in originals:
            if one.get("name") != editor.subset:
                wanted.append(one)
                continue
            labels = one.get("labels") or {}
            wanted.append({**one, "labels": {**labels, HASH: stable_hash}} if stable_hash else one)
            wanted.append({**one, "name": editor.canary_subset, "labels": {**labels, HASH: ends.canary_hash}})
        asked = {"hash": stable_hash, "canary": ends.canary_hash}
        kept = {"paths": {SUBSETS: originals}, "asked": asked}
        is_so = borrowed.at(rule, SUBSETS) == wanted and borrowed.kept_of(rule) == kept
        if not (is_so and borrowed.is_ours(release, rule)):
            return borrowed.rewrite(release, rule, {SUBSETS: wanted}, {SUBSETS: originals}, asked, why="subsets")
    return None


def _original_subsets(rule: Json, ends: Ends) -> list[Json]:
    """The subsets without ours and without a pin. Where another hand has changed one, theirs is the original now."""
    current = borrowed.at(rule, SUBSETS)
    kept = borrowed.kept_of(rule)["paths"].get(SUBSETS)
    before = {one.get("name"): one for one in kept} if isinstance(kept, list) else {}
    canaries = {beside(str(name), "canary") for name in before}
    found = []
    for one in current if isinstance(current, list) else []:
        if before and one.get("name") in canaries and HASH in (one.get("labels") or {}):
            continue
        was = before.get(one.get("name"))
        found.append(was if was is not None and _unpinned(was) == _unpinned(one) else _unpinned(one) if before else one)
    return found


def _unpinned(subset: Json) -> Json:
    labels = subset.get("labels") or {}
    return {**subset, "labels": {key: value for key, value in labels.items() if key != HASH}} if labels else subset


def steered(release: ReleaseSpec, seen: Seen, ends: Ends, ask: Ask) -> Write | None:
    """The next VirtualService that does not ask for this share yet."""
    editor = _editor(seen, ends)
    return edited.steer(release, _held_or_leading(release, seen, editor), editor, ask)


def given_back(release: ReleaseSpec, seen: Seen, ends: Ends) -> Write | None:
    """The next object of others that is not as it was found: routes first, then the subsets that they name."""
    editor = _editor(seen, ends)
    if write := edited.give_back(release, _held_or_leading(release, seen, editor), editor):
        return write
    for rule in seen.routes:
        if borrowed.kind_of(rule) == "DestinationRule" and borrowed.is_ours(release, rule):
            return borrowed.give_back(rule, {SUBSETS: _original_subsets(rule, ends)}, why="subsets back")
    return None


def held_by_other(release: ReleaseSpec, seen: Seen, ends: Ends) -> Json | None:
    """The first route to the target, or rule with its subsets, that another release holds."""
    editor = _editor(seen, ends)
    needed = [*_leading(seen, editor), *(destination_rules(seen, ends) if editor.subset else [])]
    return next((one for one in needed if borrowed.is_held_by_other(release, one)), None)


def edited_by_other(release: ReleaseSpec, seen: Seen, ends: Ends) -> Json | None:
    """The first route of ours whose rules are not what was last asked of it."""
    editor = _editor(seen, ends)
    return edited.edited(release, _held_or_leading(release, seen, editor), editor)


def accepted(release: ReleaseSpec, seen: Seen, ends: Ends) -> bool:
    """Whether no VirtualService of ours is told to be wrong. Status is written only where istiod is asked to; without
    it the settling time stands for the way to the proxies."""
    return not any(borrowed.is_ours(release, one) and _is_told_wrong(one) for one in _virtual_services(seen))


def _is_told_wrong(one: Json) -> bool:
    status = one.get("status") or {}
    if status.get("observedGeneration") and int(status["observedGeneration"]) < int(one["metadata"]["generation"]):
        return True
    return any(message.get("level") == "ERROR" for message in status.get("validationMessages") or [])
