"""Steps in words: as titles on a track, and as sentences in a plan and on buttons."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deployments.engine.json import Json
from web.ago import HOUR, MINUTE, duration


def step_title(kind: str, spec: Json) -> str:
    """A step in two or three words: "10 %", "pause 60 s", "analysis". `spec` as the strategy has it."""
    if kind == "set_weight":
        return _("%(weight)d %%") % {"weight": spec.get("set_weight", 0)}
    if kind == "pause":
        seconds = (spec.get("pause") or {}).get("seconds")
        return _("pause %(span)s") % {"span": exact(seconds)} if seconds else _("pause")
    if kind == "set_header_route":
        asked = spec.get("set_header_route") or {}
        header = (asked.get("match") or {}).get("header")
        return _("header %(name)s") % {"name": header} if header else _("no header route")
    if kind == "set_mirror":
        percent = spec.get("set_mirror", 0)
        return _("mirror %(percent)d %%") % {"percent": percent} if percent else _("no mirror")
    return {
        "analysis": _("analysis"),
        "approval": _("approval"),
        "promote": _("take over"),
        "preview": _("preview"),
        "pre_promotion": _("test preview"),
        "switch": _("switch"),
        "post_promotion": _("test live"),
        "scale_down": _("old pods go"),
        "rolling": _("roll out"),
    }.get(kind, kind)


def exact(seconds: int) -> str:
    """A length of time as it was asked for: "90 s", "5 min", "2 h"; never rounded."""
    fits = next((size for size in (HOUR, MINUTE) if seconds >= 2 * size and seconds % size == 0), 0)
    return duration(seconds) if fits or seconds == HOUR else _("%(n)d s") % {"n": seconds}


def step_sentence(kind: str, spec: Json) -> str:
    """What a step does, as one sentence for a plan."""
    if kind == "set_weight":
        return _("Give the new version %(weight)d %%") % {"weight": spec.get("set_weight", 0)}
    if kind == "pause":
        seconds = (spec.get("pause") or {}).get("seconds")
        return _("Hold for %(span)s") % {"span": exact(seconds)} if seconds else _("Hold until someone promotes")
    if kind in ("analysis", "pre_promotion", "post_promotion"):
        names = ", ".join((spec.get("analysis") or {}).get("templates") or [])
        where = {"pre_promotion": _("Test the preview: %(names)s"), "post_promotion": _("Test it live: %(names)s")}
        return where.get(kind, _("Measure until it passes: %(names)s")) % {"names": names}
    if kind == "approval":
        asked = spec.get("approval") or {}
        count, team = asked.get("required", 1), asked.get("team") or _("the owners")
        words = ngettext("Ask for %(n)d voice of %(team)s", "Ask for %(n)d voices of %(team)s", count)
        return words % {"n": count, "team": team}
    if kind == "set_header_route":
        return _header_route(spec.get("set_header_route") or {})
    if kind == "set_mirror":
        percent = spec.get("set_mirror", 0)
        return _("Copy %(n)d %% of requests to it, unanswered") % {"n": percent} if percent else _("Copy none any more")
    if kind == "switch":
        seconds = spec.get("auto_promote_seconds")
        return (
            _("Switch all traffic at once, by itself after %(span)s") % {"span": exact(seconds)}
            if seconds is not None
            else _("Switch all traffic at once, when someone promotes")
        )
    return {
        "promote": _("Take over: the new version on all pods, those that were tested stay"),
        "preview": _("Bring the new version up beside the old one, behind a preview Service"),
        "scale_down": _("Remove the old pods"),
        "rolling": _("Replace the pods in waves"),
    }.get(kind, kind)


def _header_route(asked: Json) -> str:
    match = asked.get("match") or {}
    if not match:
        return _("Take the header route “%(name)s” away") % {"name": asked.get("name", "")}
    how = next((name for name in ("exact", "prefix", "regex") if name in match), "exact")
    return _("Send requests with %(header)s %(how)s “%(value)s” to it") % {
        "header": match.get("header", ""),
        "how": {"exact": _("equal to"), "prefix": _("beginning with"), "regex": _("matching")}[how],
        "value": match.get(how, ""),
    }
