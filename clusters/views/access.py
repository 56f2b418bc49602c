"""The least rights on a cluster as YAML, to read and to download."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from accounts.decorators import SignedInRequest, signed_in
from clusters.access_manifest import FEATURES, NEEDED, access_manifest
from web.fragments import render_page


@require_safe
@signed_in
def access(request: SignedInRequest) -> HttpResponse:
    """The manifest for the features that are ticked (all at first); `download=1` answers the file itself."""
    chosen = [name for name in FEATURES if name in request.GET.getlist("feature")]
    if "chosen" not in request.GET:
        chosen = list(FEATURES)
    with_guard = request.GET.get("guard") == "on"
    text = access_manifest([*NEEDED, *chosen], with_guard=with_guard)
    if request.GET.get("download"):
        return HttpResponse(
            text,
            content_type="application/yaml; charset=utf-8",
            headers={"Content-Disposition": 'attachment; filename="slipway-access.yaml"'},
        )
    features = [
        {"name": name, "title": title, "is_needed": name in NEEDED, "is_chosen": name in chosen or name in NEEDED}
        for name, title in FEATURES.items()
    ]
    context = {"manifest": text, "features": features, "with_guard": with_guard}
    return render_page(request, "clusters/access.html", context)
