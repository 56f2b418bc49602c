"""The same as a release does, as lines for a shell: for scripts, and for the day on which the portal is away."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass

from django.utils.translation import gettext as _

from deployments.engine.in_place_patches import endings
from deployments.facts import links_of
from deployments.models import Release
from deployments.shares import kind_of
from deployments.spec import spec_of


@dataclass(frozen=True)
class Line:
    """A command and what it is for."""

    title: str
    command: str


def lines_of(release: Release) -> list[Line]:
    """curl lines for this portal's API (SLIPWAY_URL, SLIPWAY_TOKEN in the environment), then kubectl without it."""
    links = links_of(release)
    call = 'curl -sS -H "Authorization: Bearer $SLIPWAY_TOKEN"'
    lines = [
        Line(_("Ask how it stands"), f'{call} "$SLIPWAY_URL{links["self"]}"'),
        Line(_("Wait up to a minute for its end"), f'{call} "$SLIPWAY_URL{links["wait"]}?timeout=60"'),
    ]
    if release.ended:
        lines.append(Line(_("Start the same release"), f"{call} {_json(_body(release))} {_url('/api/v1/releases/')}"))
    else:
        lines.append(Line(_("Abort it"), f'{call} -X POST "$SLIPWAY_URL{links["self"]}abort/"'))
    return [*lines, *_kubectl(release)]


def _kubectl(release: Release) -> list[Line]:
    target = release.target
    namespace = f"-n {shlex.quote(target.namespace)}"
    workload = shlex.quote(f"deployment/{target.workload}")
    images = " ".join(shlex.quote(f"{name}={image}") for name, image in sorted(release.images.items()))
    found = [Line(_("Watch the rollout without the portal"), f"kubectl {namespace} rollout status {workload}")]
    # An in-place release holds the Deployment: what another hand writes then is undone, or ends it.
    if images and (kind_of(release) == "rolling" or release.ended):
        found.append(
            Line(_("The same change without the portal"), f"kubectl {namespace} set image {workload} {images}")
        )
    return [*found, *(_endings(release) or _undo(namespace, workload))]


def _undo(namespace: str, workload: str) -> list[Line]:
    return [Line(_("Go back without the portal"), f"kubectl {namespace} rollout undo {workload}")]


def _endings(release: Release) -> list[Line]:
    """What ends a release in place when the portal is away: the Deployment controller finishes either by itself. The
    same lines stand in an annotation of the Deployment."""
    if release.ended or not (release.state.get("place") or {}).get("begun"):
        return []
    lines = endings(spec_of(release), release.state.get("originals") or {})
    return [
        Line(_("Abort it without the portal"), lines["abort"]),
        Line(_("Promote it fully without the portal"), lines["promote"]),
    ]


def _body(release: Release) -> dict[str, object]:
    return {
        "service": release.target.service.name,
        "environment": release.target.environment.name,
        "images": release.images,
    }


def _json(body: dict[str, object]) -> str:
    return f"-H 'Content-Type: application/json' -d {shlex.quote(json.dumps(body))}"


def _url(path: str) -> str:
    return f'"$SLIPWAY_URL{path}"'
