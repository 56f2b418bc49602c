"""The track of a canary or a blue-green release: checks, then one stop for each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.models import Phase, Release, ReleaseEvent
from deployments.shares import counts_of, is_before_the_first_pod, wanted_pods
from deployments.step_facts import StepFact, step_facts
from deployments.step_words import step_title
from deployments.stops import Stop, back_of, goes_back, turn_of
from web.ago import duration

_STATES = {"pending": "next", "running": "now", "paused": "waiting", "succeeded": "done", "superseded": "skipped"}


def step_track(
    release: Release, events: Sequence[ReleaseEvent], now: datetime, results: Mapping[str, str]
) -> list[Stop]:
    """The stops in order. One that will not happen any more is left out when the release goes back.

    `results` are words for what was measured or said at a step, by "step-<index>" or the name of a stage.
    """
    told = _Told(events)
    stops = [_checks(release, told), *(_stop(release, step, told, now, results) for step in step_facts(release))]
    if goes_back(release):
        stops = [
            *(stop for stop in stops if stop.state != "skipped"),
            back_of(release, told.first.get("step.started"), told.last.get("restore")),
        ]
    return [*turn_of(release), *stops]


class _Told:
    """What the timeline says of when: of each kind of line the first and the last, of each step its begin and end."""

    def __init__(self, events: Sequence[ReleaseEvent]) -> None:
        self.first: dict[str, datetime] = {}
        self.last: dict[str, datetime] = {}
        self.started: dict[int, datetime] = {}
        self.finished: dict[int, datetime] = {}
        for event in events:
            self.first.setdefault(event.kind, event.at)
            self.last[event.kind] = event.at
            index = event.data.get("step")
            if not isinstance(index, int):
                continue
            if event.kind == "step.started":
                self.started[index] = event.at
            elif event.kind == "step.finished":
                self.finished[index] = event.at


def _checks(release: Release, told: _Told) -> Stop:
    at = told.last.get("checks.pass")
    if at is not None and not is_before_the_first_pod(release):
        return Stop(_("Checks"), "done", f"{at:%H:%M:%S}")
    if release.phase == Phase.AWAITING_APPROVAL and is_before_the_first_pod(release):
        return Stop(_("Checks"), "waiting", _("waits for approval"))
    if not is_before_the_first_pod(release) and not release.ended:
        return Stop(_("Checks"), "done")
    if release.ended:
        return Stop(_("Checks"), "failed" if release.started_at or release.reason else "skipped")
    held_by = {"FreezeWindow": _("freeze window"), "PromotionGate": _("promotion gate")}.get(release.reason, "")
    is_held = bool(held_by)
    detail = held_by if is_held else _("asking the cluster") if release.phase == Phase.GATED else ""
    return Stop(_("Checks"), "waiting" if is_held else "now" if release.phase == Phase.GATED else "next", detail)


def _stop(release: Release, step: StepFact, told: _Told, now: datetime, results: Mapping[str, str]) -> Stop:
    state = _STATES.get(step.status, step.status)
    if step.status == "aborted":
        state = "failed"
    said = results.get(f"step-{step.index}") or results.get(step.kind)
    detail = said if said and state != "next" else _DETAILS.get(step.status, _nothing)(release, step, told, now)
    return Stop(step_title(step.kind, step.spec), state, detail, step.ends_at)


def _nothing(release: Release, step: StepFact, told: _Told, now: datetime) -> str:
    return _aim(step)


def _done(release: Release, step: StepFact, told: _Told, now: datetime) -> str:
    at = told.finished.get(step.index)
    return f"{at:%H:%M:%S}" if at else ""


def _under_way(release: Release, step: StepFact, told: _Told, now: datetime) -> str:
    """What the present step is waiting for, as far as numbers tell it."""
    if release.reason and release.status in ("paused", "waiting"):
        return _("held")
    counts = counts_of(release)
    if step.kind in ("set_weight", "preview", "promote", "scale_down"):
        wanted = wanted_pods(release)[0]
        ready = _("%(ready)d of %(wanted)d ready") % {"ready": counts.new_ready, "wanted": wanted}
        return ready if step.kind != "scale_down" else _("%(n)d old left") % {"n": counts.old}
    if step.ends_at is not None:
        return _("%(span)s left") % {"span": duration(max(0.0, (step.ends_at - now).total_seconds()))}
    if step.kind in ("pause", "switch"):
        return _("until someone resumes") if release.state.get("held") else _("until someone promotes")
    since = step.started_at
    return _("for %(span)s") % {"span": duration((now - since).total_seconds())} if since else ""


def _failed(release: Release, step: StepFact, told: _Told, now: datetime) -> str:
    at = told.last.get("step.failed") or told.last.get("release.abort")
    return f"{at:%H:%M:%S}" if at else ""


def _skipped(release: Release, step: StepFact, told: _Told, now: datetime) -> str:
    return _("skipped") if step.index in (release.state.get("skipped") or ()) else _aim(step)


def _aim(step: StepFact) -> str:
    """What a step to come is about, in a word or two under its title."""
    if step.kind == "set_weight":
        return _("weight")
    if step.kind == "promote":
        return _("tested pods stay")
    if step.kind in ("analysis", "pre_promotion", "post_promotion"):
        names = (step.spec.get("analysis") or {}).get("templates") or []
        return ngettext("%(n)d template", "%(n)d templates", len(names)) % {"n": len(names)} if names else ""
    if step.kind == "approval":
        required = (step.spec.get("approval") or {}).get("required", 1)
        return ngettext("%(n)d voice", "%(n)d voices", required) % {"n": required}
    return ""


_DETAILS: dict[str, Callable[[Release, StepFact, _Told, datetime], str]] = {
    "succeeded": _done,
    "running": _under_way,
    "paused": _under_way,
    "waiting": _under_way,
    "skipped": _skipped,
    "failed": _failed,
    "aborted": _failed,
}
