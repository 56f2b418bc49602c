"""Tries a cluster out before anything about it is saved, one step after the other, each with its outcome in words."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clusters.access_manifest import NEEDED, RULES
from clusters.commands.guard import is_guarded
from clusters.connection import Door, paths
from clusters.connection.breaker import Breaker
from clusters.connection.door import Line
from clusters.connection.endpoint import Destination, Endpoint, open_endpoint
from clusters.errors import ApiRefused, ClusterRefused, ClusterUnreachable

STEPS = {
    "parse": gettext_lazy("Read what was given"),
    "policy": gettext_lazy("Address is allowed"),
    "dns": gettext_lazy("Name resolves"),
    "connect": gettext_lazy("Connection opens"),
    "tls": gettext_lazy("Server is the right one"),
    "authenticate": gettext_lazy("Credentials are accepted"),
    "authorize": gettext_lazy("Rights suffice"),
    "version": gettext_lazy("Version is supported"),
}
OLDEST_MINOR = 27
_SECONDS = 5.0

# Capability and the API group that brings it.
_CAPABILITY_GROUPS = {
    "istio": "networking.istio.io",
    "gateway_api": "gateway.networking.k8s.io",
    "metrics_api": "metrics.k8s.io",
    "cert_manager": "cert-manager.io",
}


@dataclass(frozen=True)
class StepResult:
    """One step of the check; `next` says what to do when it failed."""

    name: str
    status: Literal["passed", "failed", "skipped"]
    detail: str = ""
    next: str = ""

    @property
    def title(self) -> str:
        """The step as a short claim for people."""
        return str(STEPS[self.name])


@dataclass(frozen=True)
class Facts:
    """What the check found out about a cluster that passed."""

    uid: str
    kubernetes_version: str
    user: str
    capabilities: dict[str, Any]


@dataclass
class Check:
    """The steps so far; `facts` once all have passed, `refusal` once one has failed."""

    pointer: str
    steps: list[StepResult] = field(default_factory=list)
    api_url: str = ""
    facts: Facts | None = None
    refusal: ClusterRefused | None = None

    def passed(self, name: str, detail: str = "") -> None:
        """Note a step that went well."""
        self.steps.append(StepResult(name, "passed", detail))

    def failed(self, cluster: str, name: str, detail: str, next_step: str = "") -> Check:
        """Note the step that failed, and all after it as skipped."""
        names = list(STEPS)
        for before in names[: names.index(name)]:
            if before not in {step.name for step in self.steps}:
                self.steps.append(StepResult(before, "passed"))
        self.steps.append(StepResult(name, "failed", detail, next_step))
        done = {step.name for step in self.steps}
        self.steps += [StepResult(later, "skipped") for later in names if later not in done]
        self.steps.sort(key=lambda step: names.index(step.name))
        self.refusal = ClusterRefused(
            name,
            detail,
            next=next_step,
            cluster=cluster,
            pointer=self.pointer,
            steps=[asdict(step) for step in self.steps],
        )
        return self


def check_destination(destination: Destination, *, parsed: str = "", pointer: str = "/api_url") -> Check:
    """Contact the cluster and judge it. Never raises for what the cluster does: see the result's `refusal`.

    `parsed` says what was read from the input, `pointer` which input a refusal is about.
    Takes at most about 20 s, usually well under one.
    """
    check = Check(pointer, api_url=destination.api_url)
    check.passed("parse", parsed)
    cluster = destination.name
    try:
        endpoint = open_endpoint(destination, timeout_seconds=_SECONDS)
        check.passed("policy", _("https, no proxy, no redirects"))
        check.passed("dns", ", ".join(endpoint.addresses))
        door = Door(Line(endpoint, Breaker(cluster)), _SECONDS)
        try:
            return _talk(check, door, endpoint, destination)
        finally:
            door.line.close()
    except ClusterUnreachable as error:
        step = "connect" if error.step == "request" else error.step
        return check.failed(cluster, step, error.detail, error.next)


def _talk(check: Check, door: Door, endpoint: Endpoint, destination: Destination) -> Check:
    cluster = destination.name
    try:
        user = _who_am_i(door)
    except ApiRefused as error:
        check.passed("connect", endpoint.url)
        check.passed("tls", _tls_words(destination))
        return check.failed(cluster, "authenticate", _rejected(error), error.next or _renew())
    check.passed("connect", endpoint.url)
    check.passed("tls", _tls_words(destination))
    if not user or user == "system:anonymous":
        return check.failed(
            cluster, "authenticate", _("the credentials are not recognised: the API server sees nobody"), _renew()
        )
    check.passed("authenticate", _("as %(user)s") % {"user": user})
    try:
        missing = missing_rights(door)
        needed = list(dict.fromkeys(right for feature, right in missing if feature in NEEDED))
        if needed:
            return check.failed(
                cluster,
                "authorize",
                _("%(user)s may not: %(rights)s") % {"user": user, "rights": ", ".join(needed)},
                _("Apply the access manifest of Slipway to the cluster, then check again."),
            )
        # Two features may need the same right.
        optional = list(dict.fromkeys(right for _feature, right in missing))
        check.passed(
            "authorize", _("missing for later: %(rights)s") % {"rights": ", ".join(optional)} if optional else ""
        )
        version = str(door.get(paths.VERSION).get("gitVersion") or "")
        problem = _version_problem(version)
        if problem:
            return check.failed(cluster, "version", problem, _("Upgrade the cluster first."))
        check.passed("version", version)
        check.facts = Facts(cluster_uid(door), version, user, {**capabilities(door), "missing_rights": optional})
    except ApiRefused as error:
        step = "version" if error.reason == "NotKubernetes" else "authorize"
        return check.failed(cluster, step, error.detail, error.next)
    return check


def missing_rights(door: Door) -> list[tuple[str, str]]:
    """Feature and right ("patch deployments.apps") for all that our access manifest lists and the cluster denies."""
    asked = [
        (rule.feature, verb, rule.group, resource)
        for rule in RULES
        for resource in rule.resources
        for verb in rule.verbs
    ]
    with ThreadPoolExecutor(max_workers=8, thread_name_prefix="rights") as threads:
        allowed = list(threads.map(lambda right: _may(door, *right[1:]), asked))
    return [
        (feature, f"{verb} {resource}{f'.{group}' if group else ''}")
        for (feature, verb, group, resource), granted in zip(asked, allowed, strict=True)
        if not granted
    ]


def capabilities(door: Door) -> dict[str, Any]:
    """What the cluster was found to have: the preferred version of the API that brings it, or None; and `guard`:
    whether releases in place are guarded there (None: not known)."""
    groups = {
        group["name"]: group.get("preferredVersion", {}).get("version")
        for group in door.get(paths.GROUPS).get("groups") or []
    }
    return {**{name: groups.get(group) for name, group in _CAPABILITY_GROUPS.items()}, "guard": is_guarded(door)}


def cluster_uid(door: Door) -> str:
    """What makes a cluster the same one under whatever name and address: the uid of its namespace kube-system."""
    return str(door.get(paths.namespace("kube-system"))["metadata"]["uid"])


def _who_am_i(door: Door) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    try:
        answer = door.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", body)
    except ApiRefused as error:
        # Older than 1.28: the access review says no to whom it does not know, but cannot say who we are.
        if not error.is_not_found:
            raise
        _may(door, "get", "", "namespaces")
        return _("an unnamed user")
    return str(answer.get("status", {}).get("userInfo", {}).get("username") or "")


def _may(door: Door, verb: str, group: str, resource: str) -> bool:
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": verb, "group": group, "resource": resource}},
    }
    return bool(door.create(paths.ACCESS_REVIEWS, body).get("status", {}).get("allowed"))


def _version_problem(version: str) -> str:
    found = re.match(r"v1\.(\d+)", version)
    if not found:
        return _("“%(version)s” is not a version of Kubernetes") % {"version": version[:60]}
    if int(found[1]) < OLDEST_MINOR:
        return _("%(version)s is older than 1.%(oldest)d, the oldest that is supported") % {
            "version": version,
            "oldest": OLDEST_MINOR,
        }
    return ""


def _tls_words(destination: Destination) -> str:
    if destination.insecure_skip_tls_verify:
        return _("NOT verified, as asked")
    return _("verified against the given CA") if destination.ca_data else _("verified against public authorities")


def _rejected(error: ApiRefused) -> str:
    if error.is_unauthenticated and error.reason != "NotKubernetes":
        return _("the credentials were rejected (401)")
    return error.detail


def _renew() -> str:
    return _("Make a new token, for example `kubectl create token slipway -n slipway --duration 8760h`.")
