"""What can go wrong with a cluster. Each class carries its code and HTTP status; the text is for the person."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from web.errors import Conflict, Invalid, SlipwayError


class ClusterUnreachable(SlipwayError):
    """No answer came from the API server.

    `ambiguous` is True when the request may have been carried out all the same (time-out or lost connection after it
    was sent), False when it certainly was not (name not found, connection refused, TLS failed, circuit open).
    `step` is how far it came: policy, dns, connect, tls, request.
    """

    code = "cluster_unreachable"
    status = 503
    title = _("The cluster cannot be reached")

    def __init__(
        self, cluster: str, detail: str, *, ambiguous: bool = False, step: str = "connect", next: str = ""
    ) -> None:
        super().__init__(detail, next=next, cluster=cluster, ambiguous=ambiguous)
        self.cluster = cluster
        self.ambiguous = ambiguous
        self.step = step


class ApiRefused(SlipwayError):
    """Something answered at the API server's address, and the answer is not what was asked for.

    `http_status` is the status it gave, `reason` Kubernetes' word for it ("NotFound", "Conflict", "Invalid" ...) or
    "NotKubernetes" when the answer is not one of an API server (a login page, a redirect), `message` the server's own
    sentence, `details` the Status object's details or {}.
    """

    code = "cluster_refused"
    status = 502
    title = _("The cluster refused the request")

    def __init__(
        self,
        http_status: int,
        reason: str,
        message: str,
        details: dict[str, Any] | None = None,
        *,
        cluster: str = "",
        next: str = "",
    ) -> None:
        super().__init__(message, next=next, cluster=cluster, http_status=http_status, reason=reason)
        self.http_status = http_status
        self.reason = reason
        self.message = message
        self.details = details or {}
        self.cluster = cluster

    @property
    def is_not_found(self) -> bool:
        return self.http_status == 404 and self.reason != "NotKubernetes"

    @property
    def is_conflict(self) -> bool:
        """Another writer was faster, or the object's uid is another one."""
        return self.reason == "Conflict"

    @property
    def is_already_there(self) -> bool:
        return self.reason == "AlreadyExists"

    @property
    def is_invalid(self) -> bool:
        """Validation failed, or a `test` of a JSON patch did: GET the object and compare to tell which."""
        return self.reason == "Invalid" or self.http_status == 422

    @property
    def is_unauthenticated(self) -> bool:
        return self.http_status == 401

    @property
    def is_forbidden(self) -> bool:
        """Not allowed by RBAC, quota or an admission webhook."""
        return self.http_status == 403

    @property
    def is_expired(self) -> bool:
        """The resourceVersion asked for is too old: list again (410)."""
        return self.http_status == 410

    @property
    def is_temporary(self) -> bool:
        """The server says it was not done and may be asked again (429, 503, 504 before processing)."""
        return self.http_status in {429, 503} or self.reason == "ServerTimeout"


class ClusterRefused(Invalid):
    """A cluster cannot be registered, or its connection cannot be changed: one step of the check failed.

    `step` is parse, policy, dns, connect, tls, authenticate, authorize or version.
    """

    code = "cluster_check_failed"
    title = _("The cluster did not pass the check")

    def __init__(
        self,
        step: str,
        detail: str,
        *,
        next: str = "",
        cluster: str = "",
        pointer: str = "",
        steps: list[dict[str, str]] | None = None,
    ) -> None:
        errors = [{"pointer": pointer or "/", "code": step, "detail": detail}]
        super().__init__(detail, errors=errors, next=next, step=step, cluster=cluster, steps=steps or [])
        self.step = step
        self.cluster = cluster
        self.pointer = pointer
        self.steps = steps or []


class ClusterInUse(Conflict):
    """The cluster cannot be removed while something works with it; `blocked_by` lists what."""

    code = "cluster_in_use"
    title = _("The cluster is in use")


class PrometheusMissing(Conflict):
    """No Prometheus is registered for the cluster."""

    code = "prometheus_missing"
    title = _("The cluster has no Prometheus")


class PrometheusUnreachable(SlipwayError):
    """No whole answer came from the cluster's Prometheus. `step` is policy, dns, connect or request."""

    code = "prometheus_unreachable"
    status = 503
    title = _("The cluster's Prometheus cannot be reached")

    def __init__(self, cluster: str, detail: str, *, step: str, next: str = "") -> None:
        super().__init__(detail, next=next, cluster=cluster, step=step)
        self.step = step


class PrometheusRefused(SlipwayError):
    """Something answered at the address of Prometheus, and the answer is no, or not one of Prometheus."""

    code = "prometheus_refused"
    status = 502
    title = _("The cluster's Prometheus refused the query")

    def __init__(self, cluster: str, detail: str, *, next: str = "") -> None:
        super().__init__(detail, next=next, cluster=cluster)
