"""Periodic chores about signing in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from celery import shared_task
from django.utils import timezone

from accounts.commands.device_logins import forget_device_logins
from accounts.oidc import vouching
from accounts.session_store import SessionStore
from accounts.sessions import forget_ended

BEAT: dict[str, dict[str, Any]] = {
    "forget-sessions": {"task": "accounts.forget_sessions", "schedule": 3600.0},
    "look-at-sessions": {"task": "accounts.look_at_sessions", "schedule": 30.0},
    "forget-exchanges": {"task": "accounts.forget_exchanges", "schedule": 3600.0},
}


@shared_task(name="accounts.forget_sessions")
def forget_sessions() -> None:
    """Remove sessions that have expired, failed sign-ins that lock nobody any more, and old device logins."""
    SessionStore.clear_expired()
    forget_ended()
    forget_device_logins()
    AccessAttempt.objects.filter(attempt_time__lt=timezone.now() - timedelta(days=1)).delete()


@shared_task(name="accounts.look_at_sessions")
def look_at_sessions() -> None:
    """Ask identity providers whether they still vouch for the sessions that are due."""
    vouching.sweep()


@shared_task(name="accounts.forget_exchanges")
def forget_exchanges() -> None:
    """Remove the tokens that CI jobs were given and that ended long ago, and what guards against swapping twice."""
    from accounts.commands.exchange import forget_swapped
    from accounts.commands.tokens import forget_given_out

    forget_swapped()
    forget_given_out()
