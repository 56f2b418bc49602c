"""Releases as marks on a time axis."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from deployments.models import Release
from metrics.windows import Window
from services.models import Target
from web.states import look_of

MOST_MARKERS = 30


@dataclass(frozen=True)
class Marker:
    """A moment of a release. `kind` is start or finish, `tone` the kind of its state, `url` its page."""

    at: datetime
    kind: str
    version: str
    tone: str
    status: str
    release: str
    url: str

    @property
    def sentence(self) -> str:
        """What happened, for those who read and do not look."""
        words = {"version": self.version, "status": look_of(self.status).word}
        if self.kind == "start":
            return _("%(version)s began") % words
        return _("%(version)s ended: %(status)s") % words


def markers_of(target: Target, window: Window) -> list[Marker]:
    """Begin and end of the target's releases that fall into the window, in order. One query."""
    inside = (window.starts, window.ends)
    touching = Release.objects.filter(target=target).filter(Q(started_at__range=inside) | Q(finished_at__range=inside))
    newest = touching.defer("template_from", "template_to", "state").order_by("-created_at", "-id")[:MOST_MARKERS]
    found = [marker for release in newest for marker in _markers(release) if window.starts <= marker.at <= window.ends]
    return sorted(found, key=lambda marker: marker.at)


def _markers(release: Release) -> list[Marker]:
    about = (release.label, release.status, str(release.pk), release.get_absolute_url())
    moments = (("start", release.started_at, "run"), ("finish", release.finished_at, look_of(release.status).kind))
    return [
        Marker(at, kind, about[0], tone, about[1], about[2], about[3]) for kind, at, tone in moments if at is not None
    ]
