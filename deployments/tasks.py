"""Doors for Celery: one line each."""

from __future__ import annotations

import uuid

from celery import shared_task

BEAT = {
    "deployments.sweep": {"task": "deployments.tasks.sweep", "schedule": 1.0, "options": {"queue": "ticks"}},
    "deployments.sweep_promotions": {"task": "deployments.tasks.sweep_promotions", "schedule": 1.0},
    "deployments.clean_orphans": {"task": "deployments.tasks.clean_orphans", "schedule": 30.0},
    "deployments.clean_orphan_routes": {"task": "deployments.tasks.clean_orphan_routes", "schedule": 600.0},
}


@shared_task(ignore_result=True, queue="ticks")
def advance(release_id: str) -> None:
    """Attend to the releases that wait. `release_id` is one of them, which a worker of an older version ticks alone."""
    from deployments.attending import attend

    attend()


@shared_task(ignore_result=True, queue="ticks")
def sweep() -> None:
    """Hint what is due: the safety net under the watcher's timers."""
    from deployments.wake import sweep as hint_what_is_due

    hint_what_is_due()


@shared_task(ignore_result=True)
def advance_promotion(promotion_id: str) -> None:
    """One pass over one bulk promotion."""
    from deployments.promotion.driving import advance as bring_on

    bring_on(promotion_id)


@shared_task(ignore_result=True)
def sweep_promotions() -> None:
    """Hint the bulk promotions that are due."""
    from deployments.promotion.driving import due

    for promotion_id in due():
        advance_promotion.delay(str(promotion_id))


@shared_task(ignore_result=True)
def clean_orphans() -> None:
    """Take away the claims of releases that no longer run."""
    from deployments.orphans import clean_orphans as clean_what_nobody_holds

    clean_what_nobody_holds()


@shared_task(ignore_result=True)
def clean_orphan_routes() -> None:
    """Take away what such releases left on routes only."""
    from deployments.orphan_routes import find_orphans_and_routes
    from deployments.orphans import clean_orphans as clean_what_nobody_holds

    clean_what_nobody_holds(find_orphans_and_routes)


@shared_task(ignore_result=True, queue="ticks")
def measure(release_id: str, run: str, template: str, number: int) -> None:
    """One measurement of one analysis template."""
    from deployments.analysis.measuring import measure as take_one

    take_one(uuid.UUID(release_id), run, template, number)
