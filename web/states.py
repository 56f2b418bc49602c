"""How a state looks: its colour, its icon and its word. One table, so that a word never has two colours."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Look:
    """`kind` is one of ok, run, hold, bad, unknown; `turns` marks what is under way."""

    kind: str
    icon: str
    word: str | Promise
    turns: bool = False


_OK, _BAD, _WAIT = "circle-check", "circle-x", "circle-pause"

LOOKS: dict[str, Look] = {
    # What CI reads of a release.
    "queued": Look("unknown", "hourglass", _("queued")),
    "waiting": Look("hold", _WAIT, _("waiting")),
    "progressing": Look("run", "loader-circle", _("progressing"), turns=True),
    "paused": Look("hold", _WAIT, _("paused")),
    "succeeded": Look("ok", _OK, _("succeeded")),
    "failed": Look("bad", _BAD, _("failed")),
    "aborted": Look("bad", "ban", _("aborted")),
    # Promotions, and the services in them.
    "started": Look("run", "loader-circle", _("progressing"), turns=True),
    "stopped": Look("unknown", "ban", _("not begun")),
    "level": Look("ok", "minus", _("level")),
    "ahead": Look("run", "arrow-right", _("ahead")),
    "behind": Look("hold", "arrow-left", _("behind")),
    "unlike": Look("hold", "git-compare", _("another version")),
    "superseded": Look("unknown", "skip-forward", _("superseded")),
    # The finer phases of the engine.
    "gated": Look("hold", "lock", _("gated")),
    "preparing": Look("run", "loader-circle", _("preparing"), turns=True),
    "awaitingapproval": Look("hold", "shield", _("waits for approval")),
    "analysing": Look("run", "flask-conical", _("analysing")),
    "takingover": Look("run", "loader-circle", _("taking over"), turns=True),
    "finishing": Look("run", "loader-circle", _("finishing"), turns=True),
    "aborting": Look("hold", "undo-2", _("aborting")),
    # Approvals.
    "approved": Look("ok", _OK, _("approved")),
    "rejected": Look("bad", "ban", _("rejected")),
    "void": Look("unknown", "ban", _("void")),
    "delivered": Look("ok", _OK, _("delivered")),
    # Clusters.
    "building": Look("run", "loader-circle", _("building"), turns=True),
    "connected": Look("ok", "plug", _("connected")),
    "unreachable": Look("unknown", "unplug", _("unreachable")),
    # Health.
    "healthy": Look("ok", _OK, _("healthy")),
    "degraded": Look("hold", "triangle-alert", _("degraded")),
    "unhealthy": Look("bad", _BAD, _("unhealthy")),
    "down": Look("bad", _BAD, _("down")),
    "missing": Look("bad", "circle-dashed", _("missing")),
    "scaled_to_zero": Look("unknown", "circle-dashed", _("scaled to zero")),
    "unknown": Look("unknown", "circle-help", _("unknown")),
    # Checks and steps.
    "passed": Look("ok", _OK, _("passed")),
    "done": Look("ok", _OK, _("done")),
    "running": Look("run", "loader-circle", _("running"), turns=True),
    "inconclusive": Look("hold", "circle-help", _("inconclusive")),
    "accepted": Look("ok", _OK, _("accepted")),
    "successful": Look("ok", _OK, _("successful")),
    "error": Look("unknown", "unplug", _("not measured")),
    "pending": Look("unknown", "circle-dashed", _("pending")),
    "next": Look("unknown", "circle-dashed", _("to come")),
    "now": Look("run", "loader-circle", _("under way"), turns=True),
    "skipped": Look("unknown", "skip-forward", _("skipped")),
    "warning": Look("hold", "triangle-alert", _("warning")),
    "refused": Look("bad", "ban", _("refused")),
    "invalid": Look("bad", _BAD, _("invalid")),
    "conflict": Look("hold", "triangle-alert", _("conflict")),
    # Installs, their checks and their steps.
    "draft": Look("unknown", "pencil", _("draft")),
    "checking": Look("run", "loader-circle", _("checking"), turns=True),
    "checked": Look("run", "square-check", _("checked")),
    "cancelled": Look("unknown", "ban", _("cancelled")),
    "undone": Look("unknown", "undo-2", _("undone")),
    "pass": Look("ok", _OK, _("passed")),
    "warn": Look("hold", "triangle-alert", _("warning")),
    "fail": Look("bad", _BAD, _("not met")),
    "skip": Look("unknown", "minus", _("does not apply")),
    "acknowledged": Look("hold", "square-check", _("acknowledged")),
    # Pods and nodes.
    "ready": Look("ok", _OK, _("ready")),
    "not_ready": Look("hold", "circle-dashed", _("not ready")),
    "terminating": Look("unknown", "circle-stop", _("terminating")),
    # Helm's words for a release.
    "deployed": Look("ok", _OK, _("deployed")),
    "uninstalled": Look("unknown", "circle-dashed", _("uninstalled")),
    "uninstalling": Look("run", "loader-circle", _("uninstalling"), turns=True),
    "pending_install": Look("run", "loader-circle", _("pending-install"), turns=True),
    "pending_upgrade": Look("run", "loader-circle", _("pending-upgrade"), turns=True),
    "pending_rollback": Look("run", "loader-circle", _("pending-rollback"), turns=True),
    # People, tokens, plans.
    "active": Look("ok", _OK, _("active")),
    "failing": Look("bad", "circle-alert", _("failing")),
    "disabled": Look("unknown", "ban", _("disabled")),
    "revoked": Look("unknown", "ban", _("revoked")),
    "expired": Look("unknown", "clock", _("expired")),
    "create": Look("ok", "plus", _("create")),
    "update": Look("run", "pencil", _("update")),
    "unchanged": Look("unknown", "minus", _("unchanged")),
}


def look_of(state: str) -> Look:
    """The look of a state. A word that the table does not know is shown as it is, without a colour."""
    key = state.replace(" ", "_").replace("-", "_").lower()
    return LOOKS.get(key) or LOOKS.get(key.replace("_", "")) or Look("unknown", "circle-help", state)
