"""What makes a release risky, for whoever has to approve it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.approval_facts import mutable_images
from deployments.engine.decision import State
from deployments.models import Release
from deployments.strategy_words import strategy_name


@dataclass(frozen=True)
class Risk:
    """One thing to weigh; `tone` as in web.states: hold where it deserves a second look."""

    words: str
    tone: str = "unknown"


def risks_of(release: Release) -> list[Risk]:
    """The weightiest first. Read off the row; nothing is asked of a cluster."""
    environment = release.target.environment
    found = [
        Risk(
            _("%(image)s is named by a tag: another image may be pulled than the one looked at.") % {"image": one},
            "hold",
        )
        for one in mutable_images(release.images)
    ]
    if environment.protected:
        found.append(Risk(_("%(name)s is a protected environment.") % {"name": environment.name}, "hold"))
    wanted = State.from_json(release.state).counts.desired
    if wanted:
        words = ngettext("%(count)d pod serves it.", "%(count)d pods serve it.", wanted) % {"count": wanted}
        found.append(Risk(words))
    found.append(Risk(_way(release)))
    back = release.from_revision
    if back is not None:
        words = _("It can go back to %(version)s (revision %(number)d).")
        found.append(Risk(words % {"version": back.label, "number": back.number}))
    else:
        found.append(Risk(_("There is no revision known to go back to."), "hold"))
    return found


def _way(release: Release) -> str:
    kind = release.strategy.get("type")
    if kind == "canary":
        first = next((step["set_weight"] for step in release.strategy.get("steps", []) if "set_weight" in step), 100)
        return _("%(strategy)s: users meet it step by step, %(share)d %% first.") % {
            "strategy": strategy_name(release.strategy),
            "share": first,
        }
    if kind == "blue_green":
        return _("%(strategy)s: all users meet it at once, and it can be switched back.") % {
            "strategy": strategy_name(release.strategy)
        }
    return _("%(strategy)s: pods are replaced in waves, and nothing is measured.") % {
        "strategy": strategy_name(release.strategy)
    }
