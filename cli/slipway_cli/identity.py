"""The identity that a CI system gives to a job, swapped at the portal for a token of minutes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from slipway_cli.errors import Refused, Trouble, Unreachable

AUDIENCE, GIVEN = "SLIPWAY_AUDIENCE", "SLIPWAY_ID_TOKEN"
GITHUB_URL, GITHUB_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
SECONDS = 15.0


@dataclass(frozen=True)
class Issuer:
    """Who vouches for the job; `id_token(portal)` is what they say of it."""

    name: str
    id_token: Callable[[str], str]


def issuer_here() -> Issuer | None:
    """GitHub, where the workflow has the permission `id-token: write`; GitLab, where the job has an id_token of the
    name SLIPWAY_ID_TOKEN; None elsewhere."""
    if os.environ.get(GIVEN):
        return Issuer("GitLab" if os.environ.get("GITLAB_CI") else "CI", lambda _portal: os.environ[GIVEN])
    if os.environ.get(GITHUB_URL) and os.environ.get(GITHUB_TOKEN):
        return Issuer("GitHub", _of_github)
    return None


def exchanged(portal: str, issuer: Issuer) -> str:
    """The token that the portal gives for the job's identity. Raises Refused and Unreachable."""
    from slipway_cli.client import problem_of, quick

    answer = quick("POST", f"{portal}/api/v1/auth/exchange/", body={"token": issuer.id_token(portal)}, seconds=SECONDS)
    if answer.status not in (200, 201):
        hint = f"an admin of the portal sets which {issuer.name} jobs it takes, under Settings, CI identities"
        raise Refused(answer.status, problem_of(answer), next=hint)
    found: dict[str, Any] = answer.json() if isinstance(answer.json(), dict) else {}
    token = str(found.get("token") or found.get("access_token") or "")
    if not token:
        raise Trouble("The portal exchanged the identity of this job for nothing")
    return token


def _of_github(portal: str) -> str:
    """GitHub gives a token for the audience that is asked for: the portal, unless SLIPWAY_AUDIENCE says otherwise."""
    from slipway_cli.client import quick

    url = os.environ[GITHUB_URL]
    asked = urlencode({"audience": os.environ.get(AUDIENCE) or portal})
    url += ("&" if urlsplit(url).query else "?") + asked
    answer = quick("GET", url, token=os.environ[GITHUB_TOKEN], seconds=SECONDS)
    found = answer.json()
    if answer.status != 200 or not isinstance(found, dict) or not found.get("value"):
        raise Unreachable(
            f"GitHub gave no identity to this job ({answer.status})",
            next="give the workflow permissions: id-token: write",
        )
    return str(found["value"])
