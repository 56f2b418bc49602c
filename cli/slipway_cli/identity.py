"""The identity that a CI system gives to a job, swapped at the portal for a token of minutes.

The portal swaps each ID token once. GitHub makes another whenever it is asked; a GitLab job has those that it declares,
of which the next one is tried where the first was swapped before.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from slipway_cli.errors import Refused, Trouble, Unreachable

AUDIENCE, GIVEN = "SLIPWAY_AUDIENCE", "SLIPWAY_ID_TOKEN"
# SLIPWAY_ID_TOKEN, SLIPWAY_ID_TOKEN_2 ...
MOST_GIVEN = 9
# Which CI identity the job means, where it says so.
NAMED = "SLIPWAY_CI_IDENTITY"
GITHUB_URL, GITHUB_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
SECONDS = 15.0
PASSING = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Issuer:
    """Who vouches for the job; `id_tokens(portal)` is what they say of it, as often as they say it."""

    name: str
    id_tokens: Callable[[str], Iterator[str]]


def issuer_here() -> Issuer | None:
    """GitHub, where the workflow has the permission `id-token: write`; GitLab, where the job has an id_token of the
    name SLIPWAY_ID_TOKEN; None elsewhere."""
    if os.environ.get(GIVEN):
        return Issuer("GitLab" if os.environ.get("GITLAB_CI") else "CI", _given)
    if os.environ.get(GITHUB_URL) and os.environ.get(GITHUB_TOKEN):
        return Issuer("GitHub", _of_github)
    return None


def exchanged(portal: str, issuer: Issuer) -> str:
    """The token that the portal gives for the job's identity. Raises Refused, and Unreachable for what passes."""
    from slipway_cli.client import problem_of, quick

    refused: Refused | None = None
    named = {"identity": name} if (name := os.environ.get(NAMED)) else {}
    for id_token in issuer.id_tokens(portal):
        answer = quick("POST", f"{portal}/api/v1/auth/exchange/", body={"token": id_token, **named}, seconds=SECONDS)
        if answer.status in (200, 201):
            return _token_of(answer.json())
        if answer.status in PASSING:
            raise Unreachable(f"The identity of this job was not exchanged ({answer.status})")
        problem = problem_of(answer)
        hint = f"a maintainer sees under Settings, CI identities which {issuer.name} jobs are taken"
        refused = Refused(answer.status, problem, next=hint)
        if problem.get("check") != "replay":
            break
    raise refused or Trouble(f"{issuer.name} gave no identity to this job")


def _token_of(found: Any) -> str:
    token = str(found.get("token") or "") if isinstance(found, dict) else ""
    if not token:
        raise Trouble("The portal exchanged the identity of this job for nothing")
    return token


def _given(_portal: str) -> Iterator[str]:
    names = [GIVEN, *(f"{GIVEN}_{number}" for number in range(2, MOST_GIVEN + 1))]
    yield from (os.environ[name] for name in names if os.environ.get(name))


def _of_github(portal: str) -> Iterator[str]:
    """GitHub gives a token for the audience that is asked for: the portal, unless SLIPWAY_AUDIENCE says otherwise."""
    from slipway_cli.client import quick

    url = os.environ[GITHUB_URL]
    asked = urlencode({"audience": os.environ.get(AUDIENCE) or portal})
    url += ("&" if urlsplit(url).query else "?") + asked
    # The second one in case the answer to the first exchange was lost.
    for _ in range(2):
        answer = quick("GET", url, token=os.environ[GITHUB_TOKEN], seconds=SECONDS)
        found = answer.json()
        if answer.status != 200 or not isinstance(found, dict) or not found.get("value"):
            raise Trouble(
                f"GitHub gave no identity to this job ({answer.status})",
                next="give the workflow permissions: id-token: write",
            )
        yield str(found["value"])
