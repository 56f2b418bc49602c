"""/gallery/: every part in every state, to look at and for the tests to judge."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from web import live
from web.columns import Columns
from web.crumbs import Switch
from web.fragments import is_htmx, render_page, see_other
from web.icons import ICONS
from web.states import LOOKS


class SampleForm(forms.Form):
    """One field of each kind."""

    name = forms.CharField(label=_("Name"), help_text=_("Lower-case letters, digits and dashes, at most 63."))
    environment = forms.ChoiceField(label=_("Environment"), choices=[("dev", "dev"), ("prod", "prod")])
    note = forms.CharField(label=_("Note"), required=False)
    kubeconfig = forms.CharField(label=_("Kubeconfig"), widget=forms.Textarea)
    insecure = forms.BooleanField(label=_("Do not check the certificate"), required=False)
    mode = forms.ChoiceField(
        label=_("On failure"), widget=forms.RadioSelect, choices=[("abort", _("Abort")), ("pause", _("Pause"))]
    )


@login_required
def show(request: HttpRequest) -> HttpResponse:
    """The gallery, for administrators and while debugging."""
    _only_for_admins(request)
    return render_page(request, "gallery.html", samples())


@login_required
@require_POST
def touch(request: HttpRequest) -> HttpResponse:
    """Publish the gallery's topic, so that its live region renders anew on every open gallery."""
    _only_for_admins(request)
    live.publish("gallery")
    return HttpResponse(status=204) if is_htmx(request) else see_other(reverse("gallery"))


def _only_for_admins(request: HttpRequest) -> None:
    if not (settings.DEBUG or getattr(request.user, "is_admin", False)):
        raise Http404


def samples() -> dict[str, Any]:
    """What the gallery shows its parts with."""
    now = timezone.now()
    wrong = SampleForm({"name": "Not A Name", "environment": "dev", "kubeconfig": ""})
    wrong.add_error("name", _("Use lower-case letters, digits and dashes: “not-a-name”."))
    return {
        "looks": sorted(LOOKS),
        "icons": sorted(ICONS),
        "now": now,
        "recently": now - timedelta(minutes=5),
        "yesterday": now - timedelta(days=1),
        "soon": now + timedelta(minutes=3),
        "environments": [
            SimpleNamespace(name="dev", colour="dev", protected=False),
            SimpleNamespace(name="test", colour="test", protected=False),
            SimpleNamespace(name="staging", colour="staging", protected=False),
            SimpleNamespace(name="prod", colour="prod", protected=True),
        ],
        "form": SampleForm(),
        "wrong": wrong,
        "tracks": [
            ("under way", _track("done", "now", "next", "next")),
            ("waiting", _track("done", "done", "waiting", "next")),
            ("failed", _track("done", "failed", "skipped", "skipped")),
            ("done", _track("done", "done", "done", "done")),
            ("as links", [{**step, "url": "#steps_track"} for step in _track("done", "now", "next", "next")]),
        ],
        "events": [
            {
                "at": now - timedelta(seconds=4),
                "tone": "bad",
                "message": "Image cannot be pulled",
                "proof": "Back-off pulling image “registry.shop.example/checkout:1.8.0-nopull”: manifest unknown",
            },
            {"at": now - timedelta(seconds=31), "tone": "ok", "message": "1 of 3 new pods ready in 14 s"},
            {"at": now - timedelta(minutes=2), "actor": "lin", "message": "started the release from the deploy page"},
        ],
        "difference": DIFFERENCE,
        "switch": Switch("#crumbs", _("Another environment"), [("dev", "#crumbs", True), ("prod", "#crumbs", False)]),
        "columns": Columns("gallery", {"owner": _("Owner"), "system": _("System")}, frozenset({"owner"}), False),
        "views": SimpleNamespace(
            of="services", teams=["payments"], views=[_view("Mine", ""), _view("Ours", "payments")]
        ),
        "page": SimpleNamespace(count=312, next_cursor="b", previous_cursor="a"),
        "last_page": SimpleNamespace(count=312, next_cursor=None, previous_cursor="a"),
    }


def _view(name: str, team: str) -> dict[str, Any]:
    why_not = _("You lack view.remove in team payments. These roles have it: maintainer.") if team else ""
    return {
        "id": UUID(int=0), "name": name, "url": "#list_tools", "team": team, "is_current": not team,
        "why_not_remove": why_not,
    }  # fmt: skip


def _track(*states: str) -> list[dict[str, str]]:
    names = [
        ("Prepare", "plan and dry run"),
        ("Write the template", "generation 41"),
        ("Roll out", "2 of 3 new pods"),
        ("Verify", "all available"),
    ]
    return [
        {"title": title, "detail": detail, "state": state} for (title, detail), state in zip(names, states, strict=True)
    ]


DIFFERENCE = """\
@@ -18,9 +18,10 @@
 containers:
 - name: checkout
-  image: registry.shop.example/checkout:1.7.3
+  image: registry.shop.example/checkout:1.8.0
   env:
   - name: CURRENCY
     value: EUR
+  - name: GATEWAY_RETRIES
"""
