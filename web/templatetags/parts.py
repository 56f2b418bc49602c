"""The parts that pages are made of: typed tags, each with templates/parts/<part>.html of the same name.

A misspelt or missing argument fails when the template is compiled.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import wraps
from typing import Any, ParamSpec
from urllib.parse import urlencode

from django import template
from django.contrib.messages.storage.base import Message
from django.forms import BoundField, CheckboxInput, RadioSelect, Textarea
from django.http import HttpRequest
from django.template.context import RequestContext
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from web import ago as relative
from web import nav
from web.choice_groups import groups_of
from web.columns import PARAMETER, Columns
from web.crumbs import Switch
from web.diffs import DiffLine, as_lines
from web.icons import ICONS
from web.nouns import noun_for
from web.rendered import rendered, rendered_once
from web.states import look_of

register = template.Library()

P = ParamSpec("P")
Text = str | Promise
PODS_DRAWN = 24
POD_SIZE, POD_GAP = 10, 3
STEPS_IN_A_ROW = 9
# Django gives every textarea ten rows; a form that wants more or fewer says so.
DJANGO_ROWS, TEXTAREA_ROWS = "10", 4
METER_HOLD, METER_BAD = 85, 95


def part(
    *, takes_context: bool = False, repeats: bool = False
) -> Callable[[Callable[P, dict[str, Any]]], Callable[P, SafeString]]:
    """A tag that fills templates/parts/<its name>.html with what it returns.

    `repeats`: the same few fillings stand on a page a hundred times, and are rendered once for each language. Their
    values are hashable. Not Django's inclusion_tag, which keeps the newline at the end of the file: "5 min ago ." in a
    sentence.
    """

    def register_part(fill: Callable[P, dict[str, Any]]) -> Callable[P, SafeString]:
        @wraps(fill)
        def render(*args: P.args, **kwargs: P.kwargs) -> SafeString:
            filled = fill(*args, **kwargs)
            if repeats:
                return rendered_once(fill.__name__, filled)
            return rendered(fill.__name__, filled)

        register.simple_tag(render, takes_context=takes_context)
        return render

    return register_part


@register.simple_tag
def icon(name: str, label: Text = "") -> SafeString:
    """An icon of static/icons.svg. Without a label it is decoration, and a word must stand beside it."""
    if name not in ICONS:
        raise template.TemplateSyntaxError(f"there is no icon '{name}' in web/icons.py")
    use = format_html('<use href="{}#{}"/>', static("icons.svg"), name)
    if label:
        return format_html('<svg class="icon" width="16" height="16" role="img" aria-label="{}">{}</svg>', label, use)
    return format_html('<svg class="icon" width="16" height="16" aria-hidden="true">{}</svg>', use)


@part(repeats=True)
def state(value: str, label: Text = "", plain: bool = False) -> dict[str, Any]:
    """A badge for a status, phase or health: icon and word. `label` replaces the word; `plain` leaves the pill out."""
    return {"value": value, "look": look_of(value or "unknown"), "label": label, "plain": plain}


@part(repeats=True)
def env(environment: Any, link: str = "") -> dict[str, Any]:
    """The chip of an environment (a row with name, colour and protected, or only its name)."""
    return {
        "name": getattr(environment, "name", None) or str(environment),
        "colour": environment_colour(environment),
        "protected": getattr(environment, "protected", False),
        "link": link,
    }


@register.simple_tag(name="environment_colour")
def environment_colour(environment: Any) -> str:
    """Which colour band an environment has: dev, test, staging or prod. Its own choice, else guessed from its name."""
    own = getattr(environment, "colour", "")
    if own in {"dev", "test", "staging", "prod"}:
        return str(own)
    name = str(getattr(environment, "name", None) or environment).lower()
    for colour, words in {"prod": ("prod", "live"), "staging": ("stag", "pre", "uat"), "test": ("test", "qa")}.items():
        if any(word in name for word in words):
            return colour
    return "dev"


@register.simple_tag
def ago(at: datetime | None, never: Text = "") -> SafeString:
    """A moment as "5 min ago", with the exact time in its title; it ticks in the browser. None shows `never`.

    Without a template: a list has a hundred of them.
    """
    if at is None:
        return format_html('<span class="none">{}</span>', never or "–")
    exact, words = date_format(timezone.localtime(at), "Y-m-d H:i:s T"), relative.words(at, timezone.now())
    marked = '<time datetime="{}" title="{}" data-behaviour="ago">{}</time>'
    return format_html(marked, iso(at), exact, words)


@part()
def left(until: datetime) -> dict[str, Any]:
    """The time until a moment, as "34 s left"; it ticks down in the browser. What is past has 0 s left."""
    return {"until": until, "span": relative.duration(max(0.0, (until - timezone.now()).total_seconds()))}


@part()
def as_of(at: datetime | None, stale_after_seconds: int = 15) -> dict[str, Any]:
    """When a panel was seen: "as of 14:32:08"; past `stale_after_seconds` it says "stale since" and its panel greys."""
    now = timezone.now()
    stale = at is None or now - at > timedelta(seconds=stale_after_seconds)
    is_today = at is not None and timezone.localdate(at) == timezone.localdate(now)
    return {"at": at, "stale": stale, "is_today": is_today, "stale_after_seconds": stale_after_seconds}


@part()
def pods_bar(ready: int, total: int, kind: str = "stable", failing: int = 0) -> dict[str, Any]:
    """A square for each pod: ready ones filled, `failing` ones red, the rest hollow. `kind` is stable or canary."""
    ready, failing = max(0, ready), max(0, min(failing, total - ready))
    shown = max(ready, total)
    step = POD_SIZE + POD_GAP
    marks = ["up"] * ready + ["bad"] * failing + [""] * (shown - ready - failing)
    return {
        "ready": ready,
        "total": total,
        "failing": failing,
        "kind": kind,
        "squares": [(index * step + 1, mark) for index, mark in enumerate(marks)] if shown <= PODS_DRAWN else [],
        "width": max(1, shown) * step,
        "share": round(100 * ready / shown) if shown else 0,
        "failing_share": round(100 * failing / shown) if shown else 0,
    }


@part()
def traffic_bar(desired: int, actual: int, label: Text = "") -> dict[str, Any]:
    """The share of the new version in percent: filled as far as it is so, with a mark at what was asked for."""
    desired, actual = (max(0, min(100, share)) for share in (desired, actual))
    words = _("%(desired)d percent asked, %(actual)d percent reached") % {"desired": desired, "actual": actual}
    # The mark stays inside the bar at 0 and 100.
    return {
        "actual": actual,
        "mark": max(0.4, min(99.6, desired)),
        "differs": desired != actual,
        "label": label or words,
    }


@part()
def steps_track(steps: Iterable[Any], label: Text = "") -> dict[str, Any]:
    """The steps of a release in order: each has title, detail and state (done, now, waiting, next, failed, skipped),
    and maybe `until`, the moment at which it goes on by itself, and `url`, the page of the step."""
    drawn = [_step(step) for step in steps]
    return {"steps": drawn, "label": label or _("Steps"), "many": len(drawn) > STEPS_IN_A_ROW}


def _step(step: Any) -> dict[str, Any]:
    values = (
        step
        if isinstance(step, dict)
        else {name: getattr(step, name, "") for name in ("title", "detail", "state", "until", "url")}
    )
    state = str(values.get("state") or "next")
    marks = {"done": "check", "failed": "x", "waiting": "pause", "skipped": "skip-forward"}
    kinds = {"now": "run", "waiting": "hold", "failed": "bad", "done": "ok"}
    return {
        "title": values.get("title", ""),
        "detail": values.get("detail", ""),
        "until": values.get("until") or None,
        "url": values.get("url") or "",
        "state": state,
        "kind": kinds.get(state, "unknown"),
        "mark": marks.get(state, ""),
        "word": look_of(state).word,
    }


@part()
def timeline(events: Iterable[Any], empty: Text = "") -> dict[str, Any]:
    """What happened: events with at, message, and maybe actor, tone (ok, run, hold, bad) and proof (quoted text)."""
    return {"events": events, "empty": empty or _("Nothing has happened yet.")}


@part()
def diff(lines: str | Iterable[str | DiffLine], label: Text = "") -> dict[str, Any]:
    """A change line by line: a unified diff as text or lines, or what `web.diffs.compare` answers."""
    return {"lines": as_lines(lines), "label": label or _("What changes")}


@part()
def meter(used: float | None, total: float | None, unit: str = "", label: Text = "") -> dict[str, Any]:
    """How much of a capacity is used. Without a total, or with used None, it says so instead of drawing a zero."""
    if used is None or not total:
        return {"known": False, "label": label}
    percent = 100 * used / total
    kind = "bad" if percent > METER_BAD else "hold" if percent > METER_HOLD else "unknown"
    return {
        "known": True,
        "used": used,
        "total": total,
        "unit": unit,
        "label": label,
        "percent": round(percent),
        "width": min(100, round(percent, 1)),
        "kind": kind,
    }


@part()
def progress(
    fraction: float | None, label: Text = "", detail: Text = "", eta_seconds: float | None = None
) -> dict[str, Any]:
    """How far a long piece of work is: `fraction` 0 to 1 (None: not known), what is being done, and the time left."""
    share = min(1.0, max(0.0, fraction or 0.0))
    return {
        "known": fraction is not None,
        "percent": round(100 * share),
        "width": round(100 * share, 1),
        "label": label,
        "detail": detail,
        "left": relative.duration(eta_seconds) if eta_seconds else "",
    }


@part()
def empty(title: Text, why: Text, action_url: str = "", action_label: Text = "", icon: str = "box") -> dict[str, Any]:
    """What stands where there is nothing: what this is, why it is empty, and the one thing to do about it."""
    return {"title": title, "why": why, "action_url": action_url, "action_label": action_label, "icon_name": icon}


@part()
def crumbs(*labels_and_urls: Text | Switch) -> dict[str, Any]:
    """The way here: label, url, label, url, ..., and last the label of this page. A `Switch` may stand for a url."""
    parts = [*labels_and_urls, ""] if len(labels_and_urls) % 2 else list(labels_and_urls)
    return {"crumbs": [_crumb(parts[i], parts[i + 1]) for i in range(0, len(parts), 2)]}


def _crumb(label: Any, url: Any) -> tuple[Any, Any, Switch | None]:
    if not isinstance(url, Switch):
        return label, url, None
    return label, url.url, url if len(url.choices) > 1 else None


@part(takes_context=True)
def list_tools(context: RequestContext, views: Any = None, columns: Columns | None = None) -> dict[str, Any]:
    """What one does with a list as a whole: saved views (accounts.queries.view_menu), its columns, the list as CSV."""
    request: HttpRequest = context["request"]
    left_out = {"page", "cursor", "fragment"}
    kept = [(name, value) for name, values in request.GET.lists() for value in values if name not in left_out]
    return {
        "views": views,
        "columns": columns,
        "csrf_token": context.get("csrf_token", ""),
        "path": request.path,
        "here": _with_query(request, {"page": None, "cursor": None}),
        "query": urlencode(kept),
        "kept": [(name, value) for name, value in kept if name != PARAMETER],
        "csv_url": _with_query(request, {"format": "csv", "page": None, "cursor": None}),
    }


@part()
def field(bound: BoundField, hint: Text = "", code: bool = False) -> dict[str, Any]:
    """A form field with label, hint and errors, tied together for screen readers. `code` sets it in mono."""
    widget = bound.field.widget
    help_text = hint or bound.help_text
    # A group of boxes has no id of a label.
    at = bound.id_for_label or bound.auto_id
    described = " ".join(f"{at}_{what}" for what, there in (("hint", help_text), ("error", bound.errors)) if there)
    groups = groups_of(bound)
    attrs: dict[str, Any] = {"aria-describedby": described} if described else {}
    if bound.errors:
        attrs["aria-invalid"] = "true"
    if code:
        attrs |= {"class": "code", "spellcheck": "false", "autocapitalize": "off"}
    if isinstance(widget, Textarea) and widget.attrs.get("rows") == DJANGO_ROWS:
        attrs["rows"] = TEXTAREA_ROWS
    return {
        "bound": bound,
        "at": at,
        "control": bound.as_widget(attrs=attrs),
        "hint": help_text,
        "is_check": isinstance(widget, CheckboxInput),
        "is_group": isinstance(widget, RadioSelect) or bound.use_fieldset,
        "groups": groups,
        # Of many boxes the group says it once.
        "described": described if groups else "",
    }


@part(takes_context=True)
def paging(context: RequestContext, page: Any, noun: str = "") -> dict[str, Any]:
    """The foot of a list, from a Django Page or from anything with count, next_cursor and previous_cursor. `noun` is
    what it lists, one of web.nouns."""
    request: HttpRequest | None = context.get("request")
    if hasattr(page, "paginator"):
        count = page.paginator.count
        following = {"page": page.next_page_number()} if page.has_next() else None
        preceding = {"page": page.previous_page_number()} if page.has_previous() else None
        span = (page.start_index(), page.end_index())
    else:
        count, span = page.count, None
        following = {"cursor": page.next_cursor} if page.next_cursor else None
        preceding = {"cursor": page.previous_cursor} if page.previous_cursor else None
    return {
        "count": count,
        "span": span,
        "noun": noun_for(noun, count) if noun else "",
        "next": _with_query(request, following),
        "previous": _with_query(request, preceding),
    }


@register.simple_tag(takes_context=True)
def here(context: RequestContext, **changes: Any) -> str:
    """This page's URL with some query parameters changed; None or "" removes one."""
    return _with_query(context.get("request"), changes) or ""


def _with_query(request: HttpRequest | None, changes: dict[str, Any] | None) -> str | None:
    if changes is None or request is None:
        return None
    query = request.GET.copy()
    query.pop("fragment", None)
    for name, value in changes.items():
        query.pop(name, None)
        if value not in (None, ""):
            query[name] = str(value)
    return f"{request.path}?{query.urlencode()}" if query else request.path


@part(takes_context=True)
def sort_header(context: RequestContext, label: Text, key: str, numeric: bool = False) -> dict[str, Any]:
    """A <th> whose link orders the list by `key` (`?ordering=key`, then `-key`)."""
    request: HttpRequest | None = context.get("request")
    now = request.GET.get("ordering", "") if request else ""
    changes: dict[str, Any] = {"ordering": f"-{key}" if now == key else key, "page": None, "cursor": None}
    return {
        "label": label,
        "numeric": numeric,
        "order": "ascending" if now == key else "descending" if now == f"-{key}" else "",
        "url": _with_query(request, changes),
    }


@part()
def button(
    label: Text,
    why_not: Text = "",
    kind: str = "",
    icon: str = "",
    url: str = "",
    name: str = "",
    value: str = "",
    form: str = "",
) -> dict[str, Any]:
    """A button that submits its form, or a link where `url` is given.

    `why_not` not empty: shown disabled, with that reason and who can grant it. `kind`: primary, danger, quiet, small.
    """
    return {
        "label": label,
        "why_not": why_not,
        "kind": kind,
        "icon_name": icon,
        "url": url,
        "name": name,
        "value": value,
        "form": form,
    }


@part()
def mono(text: Any, copy: bool = False) -> dict[str, Any]:
    """A name, digest or command in mono, with a copy button on request."""
    return {"text": str(text), "copy": copy}


_IMAGE = re.compile(r"\A(?P<repository>.*?)(?P<tag>:[^:/@]+)?(?P<digest>@[a-z0-9]+:[0-9a-f]+)?\Z")


@part()
def image(reference: str) -> dict[str, Any]:
    """A container image: where it comes from in grey, its tag (or a short digest) strong, all of it in the title."""
    match = _IMAGE.match(reference)
    if match is None:
        return {"reference": reference, "repository": reference, "version": ""}
    tag, digest = match["tag"] or "", match["digest"] or ""
    return {"reference": reference, "repository": match["repository"], "version": tag or digest[:20]}


@part()
def notice(
    kind: str, title: Text, text: Text = "", proof: Text = "", next: Text = "", request_id: str = ""
) -> dict[str, Any]:
    """What failed or needs attention (ok, run, hold, bad, unknown), its cause, the text that proves it, what to do."""
    icons = {"ok": "circle-check", "run": "info", "hold": "triangle-alert", "bad": "circle-alert"}
    return {
        "kind": kind,
        "icon_name": icons.get(kind, "info"),
        "title": title,
        "text": text,
        "proof": proof,
        "next": next,
        "request_id": request_id,
    }


@part()
def tabs(current: str, *keys_labels_urls: Text) -> dict[str, Any]:
    """Tabs as links: the key of the open one, then key, label, url for each; one without a url is left out."""
    flat: Sequence[Text] = keys_labels_urls
    items = [(flat[i], flat[i + 1], flat[i + 2]) for i in range(0, len(flat), 3) if flat[i + 2]]
    return {"current": current, "items": items}


@part(takes_context=True)
def search(context: RequestContext, label: Text, name: str = "search") -> dict[str, Any]:
    """The search box of a list, for inside its <form class="filters">; the key / focuses it."""
    request: HttpRequest | None = context.get("request")
    return {"label": label, "name": name, "value": request.GET.get(name, "") if request else ""}


@register.simple_tag(takes_context=True)
def live(context: RequestContext, topics: str, fragment: str, says: Text = "") -> SafeString:
    """The attributes that make an element with `id` = `fragment` live.

    It is fetched again from this page's own URL (query kept) when one of the comma separated `topics` is published.
    `says` is its state in a few words: when they change, they are read out to who cannot see the page.
    """
    request: HttpRequest = context["request"]
    url = _with_query(request, {"fragment": fragment}) or ""
    spoken = format_html(' data-says="{}"', says) if says else ""
    return format_html(
        'id="{}" data-live="{}"{} hx-get="{}" hx-trigger="refresh" hx-swap="outerMorph" hx-sync="this:queue last" '
        'hx-nonce="{}"',
        fragment,
        topics,
        spoken,
        url,
        getattr(request, "csp_nonce", ""),
    )


@register.simple_tag(takes_context=True)
def hx(context: RequestContext) -> SafeString:
    """`hx-nonce="..."`: every element with an hx- attribute carries it, or the guard takes its hx- attributes away."""
    return format_html('hx-nonce="{}"', getattr(context["request"], "csp_nonce", ""))


@register.simple_tag
def url_or_none(name: str, *args: Any) -> str:
    """The URL of a page, or "" where this installation does not have that page."""
    return nav.url_or_none(name, *args)


@register.filter
def kind_of_message(message: Message) -> str:
    """The kind of notice that a message of django.contrib.messages is."""
    return {"success": "ok", "warning": "hold", "error": "bad"}.get(message.level_tag, "run")


@register.filter
def iso(at: datetime) -> str:
    """A moment as <time datetime> wants it: UTC, with seconds."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@register.filter
def figure(value: float | None) -> str:
    """A number in four digits that count; a dash where there is none."""
    return "–" if value is None else f"{value:.4g}"
