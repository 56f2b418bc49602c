"""Periodic chores about signing in."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module
from typing import Any

from axes.models import AccessAttempt
from celery import shared_task
from django.conf import settings
from django.utils import timezone

BEAT: dict[str, dict[str, Any]] = {"forget-sessions": {"task": "accounts.forget_sessions", "schedule": 3600.0}}


@shared_task(name="accounts.forget_sessions")
def forget_sessions() -> None:
    """Remove sessions that have expired, and failed sign-ins that lock nobody any more."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
    AccessAttempt.objects.filter(attempt_time__lt=timezone.now() - timedelta(days=1)).delete()
