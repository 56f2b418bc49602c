"""Doors for Celery: one line each."""

from __future__ import annotations

from typing import Any

from celery import shared_task

BEAT: dict[str, dict[str, Any]] = {
    "notifications.sweep": {"task": "notifications.tasks.sweep", "schedule": 5.0},
    "notifications.warn_of_tokens": {"task": "notifications.tasks.warn_of_tokens", "schedule": 3600.0},
    "notifications.forget_old": {"task": "notifications.tasks.forget_old", "schedule": 3600.0},
}


@shared_task(ignore_result=True)
def deliver(notice_id: str) -> None:
    """Send one notice."""
    from notifications.delivery import deliver as send_if_due

    send_if_due(notice_id)


@shared_task(ignore_result=True)
def sweep() -> None:
    """Send what is due: the safety net, and every second try."""
    from notifications.delivery import sweep as send_what_is_due

    send_what_is_due()


@shared_task(ignore_result=True)
def forget_old() -> None:
    """Remove what was told long ago."""
    from notifications.queries import forget_old_notices

    forget_old_notices()


@shared_task(ignore_result=True)
def warn_of_tokens() -> None:
    """Tell teams whose robots' tokens end soon."""
    from notifications.ending_tokens import warn_of_ending_tokens

    warn_of_ending_tokens()
