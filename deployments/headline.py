"""What stands at the head of a release's page: how it stands in a word, and the cause when something is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from deployments.brief import in_brief
from deployments.engine.json import Json
from deployments.models import Phase, Release, Status
from web.ago import duration
from web.redact import redacted_text
from web.states import look_of

WENT_WRONG = (Status.FAILED, Status.ABORTED)


@dataclass(frozen=True)
class Standing:
    """A word with its look (web.states), and a line of detail below it."""

    word: str
    detail: str
    kind: str
    icon: str
    turns: bool


@dataclass(frozen=True)
class Cause:
    """Why a release is not well: one sentence, the words that prove it, who said them, and what to do next."""

    kind: str
    title: str
    proof: str = ""
    proven_by: str = ""
    next: str = ""


def standing_of(release: Release, now: datetime) -> Standing:
    """The big word of the page. Phases that have a word of their own show it instead of the status."""
    own_word = release.phase in (Phase.GATED, Phase.PREPARING, Phase.FINISHING, Phase.ABORTING)
    look = look_of(release.phase.lower() if own_word else release.status)
    word = str(look.word)
    return Standing(word[:1].upper() + word[1:], _detail(release, now), look.kind, look.icon, look.turns)


def _detail(release: Release, now: datetime) -> str:
    if release.ended:
        start, end = release.started_at, release.finished_at
        return _("after %(span)s") % {"span": duration((end - start).total_seconds())} if start and end else ""
    if "abort" in release.asks and release.phase != Phase.ABORTING:
        return _("abort asked by %(by)s") % {"by": release.asks["abort"].get("by", "")}
    since = release.started_at or release.created_at
    return _("since %(span)s") % {"span": duration((now - since).total_seconds())}


def saying_of(release: Release, cause: Cause | None) -> str:
    """What a release that is under way says about itself, unless its cause has said it already."""
    return "" if release.ended or cause else redacted_text(release.sentence)


def cause_of(release: Release) -> Cause | None:
    """What a page opens with when a release failed, was aborted, is paused, or sees trouble; None when all is well."""
    evidence = release.state.get("evidence") or {}
    is_over = release.status in WENT_WRONG
    if not (is_over or release.phase in (Phase.PAUSED, Phase.ABORTING) or release.reason):
        return None
    if release.status in (Status.SUCCEEDED, Status.SUPERSEDED):
        return None
    kind = "bad" if release.status == Status.FAILED or release.phase == Phase.ABORTING else "hold"
    title, quoted = in_brief(release.state.get("message"), release.message or release.reason)
    words = redacted_text(str(evidence.get("words") or "")) or quoted
    return Cause(kind, title, words, _witness(evidence), _next(release))


def _witness(evidence: Json) -> str:
    if not evidence:
        return ""
    return _("%(kind)s %(name)s, %(where)s") % {
        "kind": evidence.get("kind", ""),
        "name": evidence.get("name", ""),
        "where": evidence.get("where", ""),
    }


def _next(release: Release) -> str:
    """What to do, by the reason; the closed list of api.md."""
    if release.reason == "AbortedByUser":
        return ""
    if not release.ended and release.phase != Phase.PAUSED and release.reason != "ClusterUnreachable":
        return (
            _("If it does not go away within 20 seconds, the release fails and goes back by itself.")
            if (release.phase == Phase.PROGRESSING)
            else ""
        )
    return {
        "ImagePullFailed": _("Check that the image was pushed and that the cluster may pull it, then retry."),
        "InvalidImageName": _("Correct the image reference and deploy again."),
        "CrashLoopBackOff": _("Read the log of the crashed container; the new version exits soon after it starts."),
        "ContainerConfigError": _("Check the ConfigMaps, Secrets and commands that the container refers to."),
        "QuotaExceeded": _("Free quota in the namespace or raise it, then retry."),
        "Unschedulable": _("Free room on the nodes, or change requests, tolerations or affinity, then retry."),
        "ProgressDeadlineExceeded": _("See why the new pods are not ready (probe, start time), then retry."),
        "ClusterUnreachable": _(
            "Nothing is concluded while the cluster is silent; the release goes on when it answers."
        ),
        "Conflict": _("Stop the other writer, then retry."),
        "DriftDetected": _("Look at what was changed, then deploy again."),
        "AdmissionDenied": _("Change what the policy objects to, then deploy again."),
        "Forbidden": _("Give Slipway's account the missing right on the cluster, then retry."),
    }.get(release.reason, "")
