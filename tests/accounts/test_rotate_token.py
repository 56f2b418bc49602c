"""Tokens: rotated with an overlap, made to end earlier, narrowed, held to the policy, seen with their last use."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Team, Token, User
from accounts.tokens import hashed
from audit.models import Entry
from tests.callers import ApiClient
from tests.factories.accounts import member_of, new_team, token_of
from tests.factories.services import new_environment, new_service

Api = Callable[..., ApiClient]
Browser = Callable[[User], Client]


def works(raw: str) -> bool:
    return Client().get("/api/v1/me/", headers={"Authorization": f"Bearer {raw}"}).status_code == 200


def called_with(raw: str) -> ApiClient:
    client = ApiClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
    return client


class TestRotate:
    def test_the_old_secret_ends_at_once_unless_it_is_given_time(self, api: Api, developer: User) -> None:
        caller = api(developer)
        made = caller.post("/tokens/", {"name": "ci", "expires": "30d"}).json()
        with_time = caller.post(f"/tokens/{made['id']}/rotate/", {"overlap": 3600}).json()["token"]
        assert (works(made["token"]), works(with_time)) == (True, True)
        at_once = caller.post(f"/tokens/{made['id']}/rotate/", {}).json()["token"]
        assert (works(made["token"]), works(with_time), works(at_once)) == (False, False, True)

    def test_after_the_overlap_only_the_new_one_works(self, api: Api, developer: User) -> None:
        caller = api(developer)
        made = caller.post("/tokens/", {"name": "ci"}).json()
        fresh = caller.post(f"/tokens/{made['id']}/rotate/", {"overlap": 60}).json()["token"]
        Token.objects.filter(pk=made["id"]).update(old_until=timezone.now() - timedelta(seconds=1))
        assert (works(made["token"]), works(fresh)) == (False, True)

    def test_it_keeps_its_end_unless_a_new_one_is_given(self, api: Api, developer: User) -> None:
        caller = api(developer)
        made = caller.post("/tokens/", {"name": "ci", "expires": "2d"}).json()
        assert caller.post(f"/tokens/{made['id']}/rotate/").json()["expires_at"] == made["expires_at"]
        longer = caller.post(f"/tokens/{made['id']}/rotate/", {"expires": "30d"}).json()["expires_at"]
        assert longer > made["expires_at"]

    def test_the_log_and_a_repeated_post_do_not_hold_the_secret(self, api: Api, developer: User) -> None:
        caller = api(developer)
        made = caller.post("/tokens/", {"name": "ci"}).json()
        key = {"Idempotency-Key": "rotate-1"}
        first = caller.post(f"/tokens/{made['id']}/rotate/", {"overlap": 60}, headers=key)
        again = caller.post(f"/tokens/{made['id']}/rotate/", {"overlap": 60}, headers=key)
        assert again["Idempotency-Replayed"] == "true"
        assert "token" not in again.json()
        entry = Entry.objects.get(action="token.rotate")
        assert first.json()["token"] not in f"{entry.before}{entry.after}{entry.data}"
        assert entry.after["overlap_seconds"] == 60
        stored = Token.objects.get(pk=made["id"])
        assert stored.hash == hashed(first.json()["token"])

    @pytest.mark.parametrize("body", [{"overlap": 86401}, {"overlap": -1}, {"expires": "soon"}, {"overlap": "x"}])
    def test_what_cannot_be_is_refused_and_changes_nothing(self, api: Api, developer: User, body: Any) -> None:
        caller = api(developer)
        made = caller.post("/tokens/", {"name": "ci"}).json()
        assert caller.post(f"/tokens/{made['id']}/rotate/", body).status_code == 422
        assert works(made["token"])

    def test_a_limited_token_rotates_itself_and_no_other(self, api: Api, developer: User) -> None:
        caller = api(developer)
        made = caller.post("/tokens/", {"name": "ci", "scopes": ["deploy"]}).json()
        other = caller.post("/tokens/", {"name": "other"}).json()
        limited = called_with(made["token"])
        assert limited.post(f"/tokens/{other['id']}/rotate/").status_code == 403
        assert limited.post(f"/tokens/{made['id']}/rotate/", {"expires": "365d"}).status_code == 403
        fresh = limited.post(f"/tokens/{made['id']}/rotate/").json()["token"]
        assert (works(made["token"]), works(fresh)) == (False, True)

    def test_revoked_and_expired_ones_stay_so(self, api: Api, developer: User) -> None:
        caller = api(developer)
        made = caller.post("/tokens/", {"name": "ci"}).json()
        caller.post(f"/tokens/{made['id']}/rotate/", {"overlap": 3600})
        caller.delete(f"/tokens/{made['id']}/")
        assert not works(made["token"])
        assert caller.post(f"/tokens/{made['id']}/rotate/").status_code == 409

    def test_of_two_edits_of_one_state_the_second_is_refused(self, api: Api, developer: User) -> None:
        caller = api(developer)
        made = caller.post("/tokens/", {"name": "ci"}).json()
        tag = caller.get(f"/tokens/{made['id']}/")["ETag"]
        path = f"/tokens/{made['id']}/rotate/"
        assert caller.post(path, {}, headers={"If-Match": tag}).status_code == 200
        assert caller.post(path, {}, headers={"If-Match": tag}).status_code == 412

    def test_the_page_shows_the_new_secret_once(self, web_client: Browser, api: Api, developer: User) -> None:
        made = api(developer).post("/tokens/", {"name": "pipeline"}).json()
        browser = web_client(developer)
        page = browser.post(f"/settings/tokens/{made['id']}/rotate/", {"overlap": "1h", "expires": ""})
        shown = page.content.decode()
        prefix = Token.objects.get(pk=made["id"]).prefix
        assert page.status_code == 200
        assert f"{prefix}" in shown
        assert "shown again" in shown
        assert "shown again" not in browser.get(f"/settings/tokens/{made['id']}/").content.decode()
        assert works(made["token"])


class TestEdit:
    def test_it_is_renamed_and_ends_earlier(self, api: Api, developer: User) -> None:
        caller = api(developer)
        made = caller.post("/tokens/", {"name": "ci", "expires": "30d"}).json()
        answer = caller.patch(f"/tokens/{made['id']}/", {"name": "pipeline", "expires": "1d"})
        assert (answer.status_code, answer.json()["name"]) == (200, "pipeline")
        assert answer.json()["expires_at"] < made["expires_at"]
        assert Entry.objects.get(action="token.edit").before["name"] == "ci"

    def test_it_is_never_prolonged(self, api: Api, developer: User) -> None:
        caller = api(developer)
        made = caller.post("/tokens/", {"name": "ci", "expires": "1d"}).json()
        answer = caller.patch(f"/tokens/{made['id']}/", {"expires": "2d"})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/expires")

    def test_ninety_days_is_what_it_lasts_where_nothing_is_said(self, api: Api, developer: User) -> None:
        caller = api(developer)
        caller.post("/tokens/", {"name": "usual"})
        caller.post("/tokens/", {"name": "for-ever", "expires": "never"})
        usual, for_ever = Token.objects.get(name="usual"), Token.objects.get(name="for-ever")
        assert usual.expires_at is not None
        assert timedelta(days=89) < usual.expires_at - timezone.now() <= timedelta(days=90)
        assert for_ever.expires_at is None

    def test_the_policy_of_the_installation_holds_everywhere(
        self, api: Api, web_client: Browser, developer: User, settings: Any
    ) -> None:
        settings.TOKEN_MAX_DAYS = 30
        caller = api(developer)
        for expires in ("31d", "never", ""):
            answer = caller.post("/tokens/", {"name": "ci", "expires": expires})
            assert answer.status_code == 422
            assert "30 days" in answer.json()["errors"][0]["detail"]
        made = caller.post("/tokens/", {"name": "ci", "expires": "30d"})
        assert made.status_code == 201
        assert caller.post(f"/tokens/{made.json()['id']}/rotate/", {"expires": "31d"}).status_code == 422
        page = web_client(developer).get("/settings/tokens/").content.decode()
        assert 'value="90d"' not in page
        assert "at most 30 days" in page


class TestNarrowed:
    """A token for one team, service or environment does nothing outside of it, whatever its user may."""

    @pytest.fixture(autouse=True)
    def catalog(self, payments: Team, maintainer: User) -> None:
        new_environment("dev")
        new_service("checkout", payments)
        new_service("stock", member := new_team("stock"))
        member_of(member, "maintainer", maintainer)

    def caller(self, user: User, **narrowed: list[str]) -> ApiClient:
        raw = token_of(user)
        Token.objects.filter(hash=hashed(raw)).update(**narrowed)
        return called_with(raw)

    def test_of_another_team_nothing_is_changed(self, valkey: object, maintainer: User) -> None:
        caller = self.caller(maintainer, teams=["payments"])
        assert caller.patch("/services/checkout/", {"title": "C"}).status_code == 200
        refused = caller.patch("/services/stock/", {"title": "S"})
        assert refused.status_code == 403
        assert "only for the teams payments" in refused.json()["detail"]
        assert caller.get("/services/stock/").status_code == 200

    def test_an_admin_is_held_to_it_as_well(self, valkey: object, admin: User) -> None:
        caller = self.caller(admin, teams=["payments"])
        assert caller.post("/teams/", {"name": "new"}).status_code == 403
        assert caller.patch("/environments/dev/", {"title": "D"}).status_code == 403

    def test_where_no_environment_or_service_is_told_nothing_is_done(self, valkey: object, maintainer: User) -> None:
        for narrowed in ({"environments": ["dev"]}, {"services": ["checkout"]}):
            caller = self.caller(maintainer, **narrowed)
            assert caller.post("/services/", {"name": "web", "team": "payments"}).status_code == 403
            assert caller.post("/tokens/", {"name": "wider"}).status_code == 403
            assert caller.post("/views/", {"of": "services", "name": "mine"}).status_code == 403

    def test_names_are_checked_when_it_is_made(self, api: Api, maintainer: User) -> None:
        caller = api(maintainer)
        made = caller.post("/tokens/", {"name": "ci", "teams": ["payments"], "services": ["checkout"]}).json()
        assert (made["teams"], made["services"], made["environments"]) == (["payments"], ["checkout"], [])
        for part, value in (("teams", "strangers"), ("services", "Not A Name"), ("environments", "../x")):
            answer = caller.post("/tokens/", {"name": "ci", part: [value]})
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, f"/{part}")


def test_the_last_use_is_kept_with_its_address(api: Api, developer: User) -> None:
    caller = api(developer)
    caller.get("/me/", REMOTE_ADDR="192.0.2.7")
    token = Token.objects.get()
    assert token.last_used_from == "192.0.2.7"
    assert caller.get("/tokens/").json()["results"][0]["last_used_from"] == "192.0.2.7"
