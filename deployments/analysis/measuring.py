"""The measuring task: one measurement of a running release, stored once, whoever asks how often.

1. What is already stored, or belongs to a release that has ended, is not measured.
2. Prometheus is asked, outside any transaction, with one deadline.
3. The row is inserted; of two that measured the same at once the first wins, and the other's answer is forgotten.
4. The release is woken to judge it.
"""

from __future__ import annotations

import math
import threading
import uuid
from datetime import datetime, timedelta

import structlog
from django.db import IntegrityError, transaction

from deployments.analysis.filling import Where
from deployments.analysis.taking import Taken, take
from deployments.analysis.versions import Versions, versions_at
from deployments.engine import analysis
from deployments.engine.decision import State
from deployments.engine.judge import AGAINST_STABLE, could_not_measure
from deployments.engine.strategies import AnalysisTemplate
from deployments.models import Measurement, Release
from deployments.sentences import english
from deployments.spec import spec_of, state_of
from deployments.wake import wake
from durable.clock import database_time
from web.live import publish
from web.measures import MEASUREMENTS

# Of the threads in which a worker ticks and measures, so many at most wait for a Prometheus that is slow.
SLOTS = 4
SLOT_SECONDS = 0.25

_slots = threading.BoundedSemaphore(SLOTS)
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
    versions = versions_at(release.target, release)
    where, early = _where(release, state, versions, rules, run, at)
    planned = analysis.planned_count(spec, run, template)
    taken = _took(release, versions, rules, where, number, planned)
    if taken is None:
        return
    stored = _store(release, state, (run, template, number), at, where, taken, early=early)
    MEASUREMENTS.labels(taken.judged.status).inc()
    log.info(
        "release.measure",
        run=run,
        template=template,
        number=number,
        status=taken.judged.status,
        words=english(taken.judged.sentence.code, taken.judged.sentence.params),
        stored=stored,
    )
    wake(release_id)


def _took(
    release: Release, versions: Versions, rules: AnalysisTemplate, where: Where, number: int, planned: int | None
) -> Taken | None:
    """The measurement; what nobody foresaw is an Error that shows, not a release that waits for ever.

    None when too many are being taken already: nothing is stored, and the engine asks again.
    """
    if not _slots.acquire(timeout=SLOT_SECONDS):
        return None
    try:
        return take(rules, release.target.cluster, where, versions.restarts_of, look=number, planned=planned)
    except Exception as error:
        log.exception("release.measure_failed", template=rules.name)
        return Taken(could_not_measure(f"{type(error).__name__} in Slipway; its log has more"))
    finally:
        _slots.release()


def _where(
    release: Release, state: State, versions: Versions, rules: AnalysisTemplate, run: str, at: datetime
) -> tuple[Where, bool]:
    """What to look at, and whether the weight is too young for the whole window.

    The window never reaches behind the moment when the last weight became actual; a comparison counts all since then.
    """
    age = max(at - analysis.looks_from(state, run, at), timedelta(seconds=1))
    whole = timedelta(seconds=rules.window_seconds)
    window = age if rules.compare == AGAINST_STABLE else min(age, whole)
    target = release.target
    service, namespace, workload = target.service.name, target.namespace, target.workload
    return Where(service, namespace, workload, versions.new, versions.old, window), age < whole


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
