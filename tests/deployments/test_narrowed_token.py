"""A token for some services and environments acts on their releases and on no others, whatever its user may."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Token, User
from accounts.tokens import hashed
from deployments.models import Release
from services.models import Target
from tests.callers import ApiClient
from tests.factories.accounts import token_of
from tests.factories.deployments import new_release
from tests.factories.registered import new_grant

VERBS = ("abort", "pause", "resume", "retry", "promote")


def narrowed(user: User, **to: list[str]) -> ApiClient:
    raw = token_of(user)
    Token.objects.filter(hash=hashed(raw)).update(**to)
    caller = ApiClient(raise_request_exception=False)
    caller.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
    return caller


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("to", [{"environments": ["prod"]}, {"services": ["stock"]}, {"teams": ["others"]}])
def test_outside_of_it_nothing_is_done(
    valkey: object, developer: User, target: Target, verb: str, to: dict[str, Any]
) -> None:
    release = new_release(target)
    answer = narrowed(developer, **to).post(f"/releases/{release.pk}/{verb}/")
    assert answer.status_code == 403
    assert "is only for" in answer.json()["detail"]
    assert Release.objects.get(pk=release.pk).asks == {}


@pytest.mark.parametrize(
    "to",
    [
        {"environments": ["dev"]},
        {"services": ["checkout"]},
        {"teams": ["payments"], "services": ["checkout", "stock"], "environments": ["dev", "prod"]},
    ],
)
def test_inside_of_it_all_is_as_ever(valkey: object, developer: User, target: Target, to: dict[str, Any]) -> None:
    release = new_release(target)
    assert narrowed(developer, **to).post(f"/releases/{release.pk}/abort/").status_code == 202


@pytest.mark.parametrize("to", [{"services": ["checkout"]}, {"teams": ["payments"]}])
def test_a_cluster_is_no_part_of_a_service_or_a_team(
    valkey: object, developer: User, target: Target, to: dict[str, Any]
) -> None:
    new_grant(target.team, target.cluster)
    answer = narrowed(developer, **to).post(f"/clusters/{target.cluster.name}/refresh/")
    assert (answer.status_code, "is only for" in answer.json()["detail"]) == (403, True)


def test_starting_and_rolling_back_are_held_to_it(valkey: object, developer: User, target: Target) -> None:
    caller = narrowed(developer, services=["stock"])
    wish = {"service": "checkout", "environment": "dev", "image": "registry.example/shop/checkout:1.8.0"}
    for path, body in (("/releases/", wish), ("/releases/?dry_run=true", wish), ("/releases/rollback/", wish)):
        given = {name: value for name, value in body.items() if name != "image" or "rollback" not in path}
        answer = caller.post(path, given)
        assert (answer.status_code, "is only for" in answer.json()["detail"]) == (403, True), path
