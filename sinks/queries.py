"""Sinks, how far behind they are, and what they still need of the log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import ExpressionWrapper, F, IntegerField, Min, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest
from django.urls import reverse
from django.utils.translation import gettext as _

from audit.models import ChainHead
from durable.clock import DbNow
from sinks.models import AuditSink
from web.palette import Found, matches

if TYPE_CHECKING:
    from accounts.models import User

# Whoever has taken nothing for so long holds the log's retention back no longer.
WAITED_FOR = timedelta(days=30)


def sink_list(user: User) -> QuerySet[AuditSink]:
    """The sinks that the user may see, each with `lag`: how many sealed entries it does not have yet."""
    head = Coalesce(Subquery(ChainHead.objects.values("number")[:1]), Value(0))
    behind = ExpressionWrapper(head - F("position"), output_field=IntegerField())
    return AuditSink.objects.visible_to(user).annotate(lag=Greatest(behind, Value(0)))


def most_behind() -> int:
    """The lag of the slowest sink that is switched on; 0 without one."""
    slowest = AuditSink.objects.filter(is_active=True).aggregate(position=Min("position"))["position"]
    head = ChainHead.objects.values_list("number", flat=True).first() or 0
    return 0 if slowest is None else max(0, head - slowest)


def needed_after() -> int | None:
    """The number after which every entry has to stay because a sink does not have it yet; None when nobody waits."""
    given_up = Q(failing_since__lt=DbNow(-WAITED_FOR.total_seconds()))
    waiting: int | None = (
        AuditSink.objects.filter(is_active=True).exclude(given_up).aggregate(first=Min("position"))["first"]
    )
    return waiting


def find_pages(user: Any, words: str) -> Iterable[Found]:
    """The page of sinks in the palette, for admins who ask for it."""
    if user.is_admin and words and matches(_("Audit sinks"), words):
        yield Found(_("Audit sinks"), reverse("sinks:sinks"), "settings", _("where the audit log is sent on to"))
