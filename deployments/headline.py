"""What stands at the head of a release's page: how it stands in a word, and the cause when something is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from deployments.brief import in_brief
from deployments.engine.json import Json
from deployments.models import Phase, Release, Status
from deployments.shares import kind_of
from deployments.step_facts import StepFact, own_count, step_facts, step_index
from web.ago import duration
from web.redact import redacted_text
from web.states import look_of

WENT_WRONG = (Status.FAILED, Status.ABORTED)
OWN_WORD = (
    *(Phase.GATED, Phase.PREPARING, Phase.AWAITING_APPROVAL, Phase.ANALYSING, Phase.TAKING_OVER),
    *(Phase.FINISHING, Phase.ABORTING),
)
# A release that asks for voices is well; its question stands in a place of its own.
NO_TROUBLE = ("ApprovalRequired",)
# Reasons that pods give, which end a step when they last.
OF_PODS = (
    *("ImagePullFailed", "InvalidImageName", "CrashLoopBackOff", "ContainerConfigError"),
    *("QuotaExceeded", "Unschedulable", "AdmissionDenied", "Forbidden"),
)
# What holds a release in any phase, and has something to be said about it.
LASTING = ("ClusterUnreachable", "FreezeWindow", "PromotionGate", "ScaledToZero")
# What holds a release in Gated, and is more to be told than that it asks the cluster.
HELD_BY = {"FreezeWindow": _l("Held by a freeze window"), "PromotionGate": _l("Held by the promotion gate")}


@dataclass(frozen=True)
class Standing:
    """A word with its look (web.states), and a line of detail below it; `until`: when it goes on by itself."""

    word: str
    detail: str
    kind: str
    icon: str
    turns: bool
    until: datetime | None = None


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
    own_word = release.phase in OWN_WORD and not (release.phase == Phase.GATED and release.reason in HELD_BY)
    look = look_of(release.phase.lower() if own_word else release.status)
    word = str(HELD_BY.get(release.reason, look.word))
    steps = [] if kind_of(release) == "rolling" or release.ended else step_facts(release)
    step = steps[step_index(steps)] if steps else None
    detail = _of_step(release, step, own_count(steps), now) if step else _detail(release, now)
    until = step.ends_at if step else None
    return Standing(word[:1].upper() + word[1:], detail, look.kind, look.icon, look.turns, until)


def _of_step(release: Release, step: StepFact, count: int, now: datetime) -> str:
    """ "step 4 of 7, since 1 min"; before and after the steps as for any release."""
    if step.started_at is None or step.kind == "promote" or "abort" in release.asks:
        return _detail(release, now)
    place = _("step %(number)d of %(count)d") % {"number": step.index + 1, "count": count}
    if step.ends_at is not None:
        return place
    return _("%(place)s, since %(span)s") % {
        "place": place,
        "span": duration((now - step.started_at).total_seconds()),
    }


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
    if release.status in (Status.SUCCEEDED, Status.SUPERSEDED) or release.reason in NO_TROUBLE:
        return None
    is_held = release.phase == Phase.PAUSED and kind_of(release) == "rolling" and not release.state.get("held")
    if not (is_over or is_held or release.phase == Phase.ABORTING or release.reason):
        return None
    is_bad = release.status == Status.FAILED or release.phase == Phase.ABORTING or release.reason == "AnalysisFailed"
    kind = "bad" if is_bad else "hold"
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
    if release.reason in OF_PODS and not release.ended and release.phase == Phase.PROGRESSING:
        return _("If it does not go away within 20 seconds, the release fails and goes back by itself.")
    if not release.ended and release.phase not in (Phase.PAUSED, Phase.ABORTING) and release.reason not in LASTING:
        return ""
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
        "FreezeWindow": _("It goes on by itself when the window ends. Who has the override role can let it pass."),
        "PromotionGate": _(
            "It begins by itself once the lower environment allows it. Who has the override role can let it pass."
        ),
        "AnalysisFailed": _("Look at the measurements below: which template failed, at which value."),
        "AnalysisInconclusive": _("Neither good nor bad was measured: see why below, then measure again or accept it."),
        "ApprovalRejected": _("Talk to who rejected it, then deploy a version that answers the objection."),
        "ApprovalExpired": _("Nobody decided in time. Retry asks anew."),
        "ScaledToZero": _("The workload was scaled to 0. The release begins anew when it is scaled up."),
        "TemplateMismatch": _("Another controller changes the template as it is written. Stop it, then retry."),
        "Forbidden": _("Give Slipway's account the missing right on the cluster, then retry."),
    }.get(release.reason, "")
