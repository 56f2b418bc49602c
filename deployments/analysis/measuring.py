"""The measuring task: one measurement of a running release, stored once, whoever asks how often.

1. What is already stored, or belongs to a release that has ended, is not measured.
2. Prometheus is asked, outside any transaction, with one deadline.
3. The row is inserted; of two that measured the same at once the first wins, and the other's answer is forgotten.
4. The release is woken to judge it.
"""

from __future__ import annotations

import math
import uuid
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction

from clusters.observe import read
from deployments.analysis.filling import Where
from deployments.analysis.taking import Restarts, Taken, take
from deployments.engine import analysis
from deployments.engine.decision import State
from deployments.engine.judge import AGAINST_STABLE, could_not_measure
from deployments.engine.strategies import AnalysisTemplate
from deployments.models import Measurement, Release
from deployments.observe import look_live
from deployments.queries.pods import new_replica_sets
from deployments.spec import spec_of, state_of
from deployments.wake import wake
from durable.clock import database_time
from services.models import Target
from web.live import publish
from web.measures import MEASUREMENTS

log = structlog.get_logger(__name__)


def measure(release_id: uuid.UUID, run: str, template: str, number: int) -> None:
    """Take the `number`-th measurement of a template in a run. Repeated, late or lost: does no harm."""
    release = Release.objects.with_names().filter(pk=release_id, ended=False).first()
    if release is None or _is_stored(release_id, run, template, number):
        return
    spec, state = spec_of(release), state_of(release)
    rules = spec.templates.get(template)
    if rules is None:
        return
    at = database_time()
    where, early = _where(release, state, rules, run, at)
    planned = analysis.planned_count(spec, run, template)
    taken = _took(release, rules, where, number, planned)
    stored = _store(release, state, (run, template, number), at, where, taken, early=early)
    MEASUREMENTS.labels(taken.judged.status).inc()
    log.info("release.measure", run=run, template=template, number=number, status=taken.judged.status, stored=stored)
    wake(release_id)


def _took(release: Release, rules: AnalysisTemplate, where: Where, number: int, planned: int | None) -> Taken:
    """The measurement; what nobody foresaw is an Error that shows, not a release that waits for ever."""
    restarts = restarts_of(release.target)
    try:
        return take(rules, release.target.cluster, where, restarts, look=number, planned=planned)
    except Exception as error:
        log.exception("release.measure_failed", template=rules.name)
        return Taken(could_not_measure(f"{type(error).__name__} in Slipway; its log has more"))


def _where(release: Release, state: State, rules: AnalysisTemplate, run: str, at: datetime) -> tuple[Where, bool]:
    """What to look at, and whether the weight is too young for the whole window.

    The window never reaches behind the moment when the last weight became actual; a comparison counts all since then.
    """
    age = max(at - analysis.looks_from(state, run, at), timedelta(seconds=1))
    whole = timedelta(seconds=rules.window_seconds)
    window = age if rules.compare == AGAINST_STABLE else min(age, whole)
    new, old = versions_of(release, state)
    target = release.target
    return Where(target.service.name, target.namespace, target.workload, new, old, window), age < whole


def versions_of(release: Release, state: State) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the new and the old ReplicaSets: those that the engine holds, else by what they run."""
    new, old = str(state.place.get("new") or ""), str(state.place.get("old") or "")
    if new:
        return (new,), (old,) if old else ()
    found = tuple(new_replica_sets(release))
    others = tuple(name for name in replica_sets_of(release.target) if name not in found)
    return found, others


def replica_sets_of(target: Target) -> tuple[str, ...]:
    """Names of the ReplicaSets of a target that are asked to have Pods, as last seen."""
    deployment = read.observed(target.cluster_id, "Deployment", target.namespace, target.workload)
    if deployment is None:
        return ()
    sets = read.observed_many(target.cluster_id, "ReplicaSet", target.namespace, owner_uids=[deployment.uid])
    return tuple(sorted(one.name for one in sets if int(one.slim.get("desired") or 0) > 0))


def restarts_of(target: Target) -> Restarts:
    """How often containers have restarted, from the watcher's rows, or from the API server when it is silent."""

    def count(replica_sets: tuple[str, ...]) -> float | None:
        if read.watching(target.cluster_id, "ReplicaSet", "Pod"):
            sets = read.observed_many(target.cluster_id, "ReplicaSet", target.namespace)
            uids = [one.uid for one in sets if one.name in replica_sets]
            pods = read.observed_many(target.cluster_id, "Pod", target.namespace, owner_uids=uids) if uids else []
            return float(sum(int(pod.slim.get("restarts") or 0) for pod in pods)) if pods else None
        seen = look_live(target.cluster, target.namespace, target.workload)
        owners = {one["metadata"]["uid"] for one in seen.replica_sets if one["metadata"]["name"] in replica_sets}
        numbers = [_restarts(pod) for pod in seen.pods if _owner(pod) in owners]
        return float(sum(numbers)) if numbers else None

    return count


def _restarts(pod: dict[str, object]) -> int:
    status = pod.get("status")
    containers = status.get("containerStatuses") if isinstance(status, dict) else None
    return sum(int(one.get("restartCount") or 0) for one in containers or [])


def _owner(pod: dict[str, object]) -> str:
    metadata = pod.get("metadata")
    owners = metadata.get("ownerReferences") if isinstance(metadata, dict) else None
    return next((str(one.get("uid")) for one in owners or [] if one.get("controller")), "")


def _is_stored(release_id: uuid.UUID, run: str, template: str, number: int) -> bool:
    return Measurement.objects.filter(release_id=release_id, run=run, template=template, number=number).exists()


def _store(
    release: Release,
    state: State,
    named: tuple[str, str, int],
    at: datetime,
    where: Where,
    taken: Taken,
    *,
    early: bool,
) -> bool:
    """Insert the row; False when another worker was first, or the release is gone."""
    run, template, number = named
    row = Measurement(
        release=release,
        run=run,
        template=template,
        number=number,
        at=at,
        since=at - where.window,
        early=early,
        query=taken.query,
        value=_finite(taken.judged.value if taken.judged.bounds is None else taken.value),
        stable_value=_finite(taken.stable_value),
        samples=_finite(taken.samples),
        stable_samples=_finite(taken.stable_samples),
        weight=state.weight,
        status=taken.judged.status,
        words=taken.judged.sentence.to_json(),
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
            publish(f"release:{release.pk}")
    except IntegrityError:
        return False
    return True


def _finite(value: float | None) -> float | None:
    """NaN and infinity are no values of a database column or of JSON; the sentence has the word for them."""
    return value if value is not None and math.isfinite(value) else None
