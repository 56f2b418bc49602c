"""What the API server is asked before the first write: would it take the template, and would it take its Pods?

A Deployment's dry run shows nothing of LimitRange, PodSecurity or webhooks on Pods, so a Pod made from the template is
tried as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from clusters.connection import Door, connect, paths
from clusters.errors import ApiRefused, ClusterUnreachable
from deployments.effects import is_admission_down, is_failed_test
from deployments.engine import in_place_patches as begin_patches
from deployments.engine import patches
from deployments.engine.bounds import surge_of, unavailable_of
from deployments.engine.decision import State
from deployments.engine.json import Json
from deployments.engine.reasons import reason_of_refusal
from deployments.engine.seen import Check
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import BlueGreen, Canary, Strategy
from deployments.engine.workload import desired_of, same_template, template_of
from deployments.lease import REQUEST_SECONDS
from deployments.models import Release
from deployments.plan_steps import extra_pods
from deployments.quota import needed, shortages
from services.models import Target

NO_DRY_RUN = ("does not support dry run", "side effects")


# The plan's answers are still the cluster's when the release begins at once, on the same state of the Deployment.
CHECKS_HOLD_FOR = timedelta(seconds=15)


def run_checks(
    release: Release, spec: ReleaseSpec, deployment: Json, now: datetime, before_request: Callable[[], None]
) -> tuple[Check, ...]:
    """The checks of a release that has written nothing yet: those of its plan while they hold, else asked anew.

    `before_request` is called before each request.
    """
    return _kept(release.checked, deployment, now) or check_target(release.target, spec, deployment, before_request)


def kept_checks(checks: Sequence[Check], deployment: Json, now: datetime) -> Json:
    """What is stored of a plan's checks with the release; nothing where one of them did not pass."""
    if any(check.status != "passed" for check in checks):
        return {}
    names = [check.name for check in checks]
    return {"at": now.isoformat(), "resource_version": deployment["metadata"].get("resourceVersion"), "passed": names}


def _kept(checked: Json, deployment: Json, now: datetime) -> tuple[Check, ...]:
    is_same = checked and checked["resource_version"] == deployment["metadata"].get("resourceVersion")
    if not is_same or now - datetime.fromisoformat(checked["at"]) > CHECKS_HOLD_FOR:
        return ()
    return tuple(Check(name, "passed") for name in checked["passed"])


def check_target(
    target: Target,
    spec: ReleaseSpec,
    deployment: Json,
    before_request: Callable[[], None] = lambda: None,
    *,
    quotas: Sequence[Json] | None = None,
) -> tuple[Check, ...]:
    """Dry runs of the write and of a Pod. An API server that can't tell gives `unknown`, never a pass.

    `quotas` are the namespace's where these were read just now.
    """
    try:
        door = connect(target.cluster, timeout_seconds=REQUEST_SECONDS)
    except ClusterUnreachable as error:
        return (Check("template", "unknown", detail=error.detail),)
    return tuple(_checks(door, target, spec, deployment, before_request, quotas))


def _checks(
    door: Door,
    target: Target,
    spec: ReleaseSpec,
    deployment: Json,
    before_request: Callable[[], None],
    quotas: Sequence[Json] | None,
) -> Iterator[Check]:
    if same_template(template_of(deployment), spec.template_to):
        yield Check("template", "passed")
        return
    path = paths.deployment(target.namespace, target.workload)
    ops = _first_write(spec, deployment)
    check, _obj = _ask("template", lambda: door.json_patch(path, ops, dry_run=True), before_request)
    yield check
    pod = _pod_of(spec.template_to, target)
    check, admitted = _ask("pod", lambda: door.create(paths.pods(target.namespace), pod, dry_run=True), before_request)
    yield _with_quota(check, deployment, spec)
    if not in_place(spec.strategy, deployment) or check.status != "passed":
        return
    if quotas is None:
        check, found = _ask("quota", lambda: door.list(paths.resource_quotas(target.namespace)), before_request)
        if found is None:
            yield check
            return
        quotas = found["items"]
    yield _room(spec, deployment, admitted or pod, quotas)


def in_place(strategy: Strategy, deployment: Json) -> bool:
    """Whether two versions will stand side by side: canary or blue-green, and there are pods."""
    return isinstance(strategy, Canary | BlueGreen) and desired_of(deployment) > 0


def _first_write(spec: ReleaseSpec, deployment: Json) -> Sequence[Json]:
    """The patch that begins the release, as it would be sent now."""
    if in_place(spec.strategy, deployment):
        state = State(originals=begin_patches.originals_of(deployment, "", 0))
        return begin_patches.begin(spec, state, deployment).ops
    return patches.write_template(spec, State(originals=patches.originals_of(spec, deployment)), deployment).ops


def _room(spec: ReleaseSpec, deployment: Json, pod: Json, quotas: Sequence[Json]) -> Check:
    """Whether the quotas have room for all the extra pods: a dry run tells of one only."""
    extra = extra_pods(deployment, spec.strategy)
    services = 0 if getattr(spec.strategy, "traffic", "") == "replicas" else 1
    wanted = needed(pod, extra, services=services, replica_sets=1)
    short = shortages(quotas, wanted)
    if not short:
        return Check("quota", "passed")
    detail = _("%(count)d more pods do not fit the quota (%(words)s)") % {"count": extra, "words": "; ".join(short)}
    gives_way = isinstance(spec.strategy, Canary) and spec.strategy.traffic == "replicas"
    if gives_way and unavailable_of(deployment, desired_of(deployment), spec.strategy.max_unavailable):
        # By replicas an old pod may go before a new one comes, so a full quota only makes the waves smaller.
        return Check("quota", "unknown", detail=detail)
    return Check("quota", "refused", "QuotaExceeded", detail)


def _ask(name: str, request: Callable[[], Json], before_request: Callable[[], None]) -> tuple[Check, Json | None]:
    """The check, and what the API server answered where it said yes."""
    before_request()
    try:
        answer = request()
    except ClusterUnreachable as error:
        return Check(name, "unknown", detail=error.detail), None
    except ApiRefused as error:
        return _refused(name, error), None
    return Check(name, "passed"), answer


def _refused(name: str, error: ApiRefused) -> Check:
    words = error.message
    told_no = error.is_forbidden or error.is_invalid or error.http_status == 400 or is_admission_down(error)
    if not told_no or error.reason == "NotKubernetes":
        return Check(name, "unknown", detail=words)
    if is_failed_test(error):
        return Check(name, "unknown", detail=_("the workload changed while it was checked"))
    if any(one in words for one in NO_DRY_RUN) or (error.is_forbidden and "cannot " in words):
        return Check(name, "unknown", detail=words)
    return Check(name, "refused", reason_of_refusal(words), words)


def _pod_of(template: Json, target: Target) -> Json:
    metadata = template.get("metadata") or {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{target.workload[:50]}-",
            "namespace": target.namespace,
            "labels": metadata.get("labels") or {},
            "annotations": metadata.get("annotations") or {},
        },
        "spec": template.get("spec") or {},
    }


def _with_quota(check: Check, deployment: Json, spec: ReleaseSpec) -> Check:
    """A full quota stops a rollout only where no old pod may go before the new one has come."""
    if check.reason != "QuotaExceeded":
        return check
    replicas = desired_of(deployment)
    gives_way = unavailable_of(deployment, replicas, spec.strategy.max_unavailable)
    if gives_way and replicas:
        return Check(check.name, "unknown", detail=check.detail)
    surge = surge_of(deployment, replicas, spec.strategy.max_surge)
    detail = _("%(words)s; the rollout needs room for %(surge)d more pods") % {"words": check.detail, "surge": surge}
    return Check(check.name, "refused", "QuotaExceeded", detail)
