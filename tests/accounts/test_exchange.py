"""A CI job swaps the token of its CI system for a short one of a robot: real signatures, real HTTP, every refusal."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from joserfc import jwk

from accounts.commands.exchange import forget_swapped
from accounts.exchange import issuers
from accounts.models import CiIdentity, SwappedCiToken, Team, Token, User
from accounts.oidc import published
from audit.models import Entry
from tests.accounts.issuer import AUDIENCE, Issuer, issuing
from tests.callers import ApiClient
from tests.factories.accounts import new_robot, new_team

Api = Callable[..., ApiClient]
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
RULE = {"repository": "acme/checkout", "ref": "refs/heads/*"}


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    published.forget_all()
    with issuing() as started:
        yield started


@pytest.fixture
def identity(payments: Team, issuer: Issuer) -> CiIdentity:
    """Jobs of acme/checkout act as `ci@payments`, a developer."""
    return new_identity(payments, issuer)


def new_identity(team: Team, issuer: Issuer, **fields: Any) -> CiIdentity:
    robot = User.objects.filter(username=f"ci@{team.name}").first() or new_robot(team, "ci", "developer")
    return CiIdentity.objects.create(
        team=team,
        robot=robot,
        provider="github",
        issuer=issuer.url,
        allow_private_address=True,
        **{"name": "checkout", "audience": AUDIENCE, "claims": RULE, "scopes": ["deploy"], **fields},
    )


def swapped(api: Api, token: str) -> Any:
    return api().post("/auth/exchange/", {"token": token})


def part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


class TestGoodToken:
    def test_it_makes_no_token_that_lasts_longer(self, api: Api, payments: Team, issuer: Issuer) -> None:
        new_identity(payments, issuer, scopes=[])
        job = ApiClient()
        job.credentials(HTTP_AUTHORIZATION=f"Bearer {swapped(api, issuer.token()).json()['token']}")

        assert job.post("/tokens/", {"name": "kept", "expires": "never"}).status_code == 403
        assert Token.objects.count() == 1

    def test_it_is_swapped_for_a_short_one_of_the_robot(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        answer = swapped(api, issuer.token())

        body = answer.json()
        assert answer.status_code == 201
        assert (body["user"], body["scopes"]) == ("ci@payments", ["deploy"])
        token = Token.objects.get()
        assert timedelta(minutes=14) < token.expires_at - timezone.now() <= timedelta(minutes=15)
        caller = ApiClient()
        caller.credentials(HTTP_AUTHORIZATION=f"Bearer {body['token']}")
        me = caller.get("/me/").json()
        assert (me["username"], me["kind"], me["teams"]) == ("ci@payments", "robot", {"payments": ["developer"]})

    def test_the_log_tells_which_job_it_was(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        raw = issuer.token()
        made = swapped(api, raw).json()["token"]

        entry = Entry.objects.get()
        assert (entry.action, entry.actor, entry.team) == ("token.exchange", "ci@payments", "payments")
        assert entry.data["claims"]["repository"] == "acme/checkout"
        assert entry.data["claims"]["run_id"] == "1658821493"
        assert "acme/checkout 1658821493" in entry.token_name
        told = f"{entry.before}{entry.after}{entry.data}"
        assert made not in told
        assert raw not in told

    @pytest.mark.parametrize("alg", ["ES256", "PS256", "RS512"])
    def test_other_key_pairs_sign_as_well(self, api: Api, identity: CiIdentity, issuer: Issuer, alg: str) -> None:
        if alg == "ES256":
            issuer.key = jwk.ECKey.generate_key("P-256", {"kid": "one"}, auto_kid=False)  # type: ignore[assignment]
            issuer.shown = [issuer.key.as_dict(private=False)]
        assert swapped(api, issuer.token(alg=alg)).status_code == 201

    def test_of_several_rules_that_match_the_first_by_order_counts(
        self, api: Api, payments: Team, identity: CiIdentity, issuer: Issuer
    ) -> None:
        new_identity(payments, issuer, name="first", order=1, scopes=["read"])
        assert swapped(api, issuer.token()).json()["scopes"] == ["read"]

    def test_of_several_rules_the_job_may_name_the_one_it_means(
        self, api: Api, payments: Team, identity: CiIdentity, issuer: Issuer
    ) -> None:
        new_identity(payments, issuer, name="first", order=1, scopes=["read"])
        answer = api().post("/auth/exchange/", {"token": issuer.token(), "identity": "Checkout"})
        assert answer.json()["scopes"] == ["deploy"]

    def test_an_audience_in_a_list_counts(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        assert swapped(api, issuer.token(aud=["https://other.example", AUDIENCE])).status_code == 201


class TestRefused:
    """Each names the check, none of them a rule."""

    def refused(self, api: Api, token: str, check: str) -> None:
        answer = swapped(api, token)
        assert (answer.status_code, answer.json().get("check")) == (401, check), answer.content
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert "refs/heads" not in answer.content.decode()
        assert not Token.objects.exists()
        assert not Entry.objects.exists()

    @pytest.mark.parametrize("raw", ["x", "a.b.c", "..", "é.é.é", "slip_abc", "e30.e30.e30", "x" * 15_000])
    def test_what_is_no_token(self, api: Api, identity: CiIdentity, raw: str) -> None:
        self.refused(api, raw, "form")

    def test_one_without_a_signature(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        for alg in ("none", "None", "nOnE", ""):
            self.refused(api, f"{part({'alg': alg})}.{part(issuer.claims())}.", "form")

    def test_the_public_key_as_a_shared_secret(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        signed = f"{part({'alg': 'HS256', 'kid': 'one'})}.{part(issuer.claims())}"
        made = hmac.new(issuer.key.as_pem(private=False), signed.encode(), "sha256").digest()
        proof = base64.urlsafe_b64encode(made).rstrip(b"=").decode()
        self.refused(api, f"{signed}.{proof}", "form")

    def test_a_shared_secret_among_the_keys(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        issuer.shown.append({"kty": "oct", "kid": "secret", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"})
        self.refused(api, issuer.token(header={"kid": "secret"}), "keys")

    def test_a_key_that_came_with_the_token(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        own = jwk.RSAKey.generate_key(2048, {"kid": "one"}, auto_kid=False)
        header = {"jwk": own.as_dict(private=False)}
        self.refused(api, issuer.token(key=own, header=header), "signature")

    def test_a_short_key(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        issuer.shown.append(jwk.RSAKey.generate_key(1024, {"kid": "short"}, auto_kid=False).as_dict(private=False))
        self.refused(api, issuer.token(header={"kid": "short"}), "keys")

    def test_an_issuer_that_no_rule_names_is_not_even_asked(
        self, api: Api, identity: CiIdentity, issuer: Issuer
    ) -> None:
        self.refused(api, issuer.token(iss=f"{issuer.url}/other"), "issuer")
        assert issuer.asked == {}

    def test_another_audience(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        for audience in ("https://github.com/acme", None, [], {"x": AUDIENCE}, f"{AUDIENCE}/"):
            self.refused(api, issuer.token(aud=audience), "audience")

    def test_one_out_of_its_time(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        now = int(time.time())
        for times in ({"exp": now - 90}, {"exp": None}, {"nbf": now + 180}, {"iat": now + 180}, {"exp": "soon"}):
            self.refused(api, issuer.token(**times), "times")

    def test_claims_that_differ(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        for claims in (
            {"repository": "acme/checkout-fork"},
            {"repository": "evil/checkout"},
            {"repository": None},
            {"ref": "refs/heads/a/b"},
            {"ref": "refs/tags/v1"},
            {"repository": ["acme/checkout-fork"]},
        ):
            self.refused(api, issuer.token(**claims), "claims")

    def test_a_claim_changed_after_signing(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        head, _claims, signature = issuer.token(repository="evil/checkout").split(".")
        self.refused(api, f"{head}.{part(issuer.claims())}.{signature}", "signature")

    def test_a_rule_that_is_switched_off_or_whose_robot_is_gone(
        self, api: Api, identity: CiIdentity, issuer: Issuer
    ) -> None:
        CiIdentity.objects.update(is_active=False)
        self.refused(api, issuer.token(), "issuer")
        CiIdentity.objects.update(is_active=True)
        User.objects.filter(pk=identity.robot.pk).update(is_active=False)
        self.refused(api, issuer.token(), "issuer")


class TestReplay:
    def test_a_token_is_swapped_once(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        raw = issuer.token()
        assert swapped(api, raw).status_code == 201
        again = swapped(api, raw)
        assert (again.status_code, again.json()["check"]) == (401, "replay")
        assert Token.objects.count() == 1

    def test_another_token_with_the_same_id_is_the_same(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        assert swapped(api, issuer.token(jti="one")).status_code == 201
        assert swapped(api, issuer.token(jti="one", run_id="2")).json()["check"] == "replay"

    def test_one_without_an_id_is_known_by_itself(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        raw = issuer.token(jti=None)
        assert swapped(api, raw).status_code == 201
        assert swapped(api, raw).json()["check"] == "replay"

    def test_one_without_an_id_is_the_same_with_the_other_signature_of_its_curve(
        self, api: Api, identity: CiIdentity, issuer: Issuer
    ) -> None:
        issuer.key = jwk.ECKey.generate_key("P-256", {"kid": "one", "use": "sig"}, auto_kid=False)
        issuer.shown = [issuer.key.as_dict(private=False)]
        raw = issuer.token(alg="ES256", jti=None)
        signed, _dot, signature = raw.rpartition(".")
        both = base64.urlsafe_b64decode(signature + "==")
        # Whoever has seen (r, s) can make (r, n - s), which verifies as well.
        other = both[:32] + (P256_ORDER - int.from_bytes(both[32:])).to_bytes(32)
        assert swapped(api, raw).status_code == 201
        again = f"{signed}.{base64.urlsafe_b64encode(other).rstrip(b'=').decode()}"
        assert swapped(api, again).json()["check"] == "replay"

    def test_what_is_refused_for_its_age_is_forgotten(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        raw = issuer.token(exp=int(time.time()) + 30)
        swapped(api, raw)
        assert forget_swapped() == 0
        SwappedCiToken.objects.update(good_until=timezone.now() - timedelta(seconds=1))
        assert forget_swapped() == 1


class TestAnotherTeamsJobs:
    """A rule of another team that matches the same job, whatever its order, neither gets the job nor stops it."""

    @pytest.fixture
    def intruder(self, identity: CiIdentity, issuer: Issuer) -> CiIdentity:
        exact = {"repository": "acme/checkout", "ref": "refs/heads/main"}
        return new_identity(new_team("strangers"), issuer, name="mine-now", order=0, claims=exact)

    def test_a_job_that_names_its_identity_is_let_in_by_it(
        self, api: Api, intruder: CiIdentity, issuer: Issuer
    ) -> None:
        answer = api().post("/auth/exchange/", {"token": issuer.token(), "identity": "checkout"})
        assert (answer.status_code, answer.json()["user"]) == (201, "ci@payments")

    def test_a_job_that_names_none_goes_to_nobody_and_is_told_what_to_do(
        self, api: Api, intruder: CiIdentity, issuer: Issuer
    ) -> None:
        raw = issuer.token()
        answer = swapped(api, raw)
        said = answer.json()
        assert (answer.status_code, said["check"]) == (401, "identity")
        assert "identity" in said["next"]
        assert not {"checkout", "mine-now", "strangers", "payments"} & set(answer.content.decode().split('"'))
        assert not Token.objects.exists()
        # The token is not used up by it.
        assert api().post("/auth/exchange/", {"token": raw, "identity": "checkout"}).status_code == 201

    def test_a_name_lets_nobody_in_whose_claims_do_not_match(
        self, api: Api, identity: CiIdentity, intruder: CiIdentity, issuer: Issuer
    ) -> None:
        CiIdentity.objects.filter(pk=intruder.pk).update(claims={"repository": "acme/other"})
        answer = api().post("/auth/exchange/", {"token": issuer.token(), "identity": "mine-now"})
        assert (answer.status_code, answer.json()["check"]) == (401, "identity")
        assert not Token.objects.exists()

    @pytest.mark.parametrize(
        "other", [{"key": "own"}, {"repository": "somebody/else"}, {"aud": "https://other.example"}, {}]
    )
    def test_whether_a_name_exists_is_told_to_nobody(
        self, api: Api, intruder: CiIdentity, issuer: Issuer, other: dict[str, Any]
    ) -> None:
        """Neither who makes up a token nor who has one of the same CI system finds the names of teams' identities."""
        CiIdentity.objects.filter(pk=intruder.pk).update(claims={"repository": "acme/other"})
        if "key" in other:
            other = {"key": jwk.RSAKey.generate_key(2048, {"kid": "one"})}
        answers = [
            api().post("/auth/exchange/", {"token": issuer.token(**other), "identity": name}).json()
            for name in ("mine-now", "nobody")
        ]
        said = [{name: one[name] for name in ("status", "check", "detail", "next")} for one in answers]
        assert said[0] == said[1] and said[0]["status"] == 401

    def test_a_maintainer_who_tries_the_token_sees_why(
        self, api: Api, intruder: CiIdentity, maintainer: User, issuer: Issuer
    ) -> None:
        tried = api(maintainer).post("/ci-identities/try/", {"token": issuer.token()}).json()
        assert tried["matched"] == ""
        assert [step["check"] for step in tried["checks"] if step["state"] == "failed"] == ["identity"]
        # Of the other team nothing is told but that there is one.
        assert [one["name"] for one in tried["identities"]] == ["checkout"]

        named = api(maintainer).post("/ci-identities/try/", {"token": issuer.token(), "identity": "checkout"})
        assert named.json()["matched"] == "checkout"


class TestIssuer:
    def test_its_keys_are_fetched_once(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        for _ in range(3):
            assert swapped(api, issuer.token()).status_code == 201
        assert issuer.asked == {"/.well-known/openid-configuration": 1, "/keys": 1}

    def test_a_new_key_is_fetched_when_it_is_first_seen(
        self, api: Api, identity: CiIdentity, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        swapped(api, issuer.token())
        issuer.rotate("two")
        later = time.monotonic() + published.AGAIN_SECONDS
        monkeypatch.setattr(published, "clock", lambda: later)
        assert swapped(api, issuer.token(header={"kid": "two"})).status_code == 201
        assert issuer.asked["/keys"] == 2

    def test_unknown_keys_do_not_make_us_ask_and_ask(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        for number in range(5):
            assert swapped(api, issuer.token(header={"kid": f"k{number}"})).json()["check"] == "keys"
        assert issuer.asked["/keys"] == 1

    def test_a_key_that_it_took_back_counts_no_more(
        self, api: Api, identity: CiIdentity, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = issuer.key
        swapped(api, issuer.token())
        issuer.rotate("two")
        later = time.monotonic() + published.FRESH_SECONDS
        monkeypatch.setattr(published, "clock", lambda: later)
        assert swapped(api, issuer.token(key=old)).json()["check"] == "keys"

    def test_while_it_is_down_nothing_is_said_of_its_tokens(
        self, api: Api, identity: CiIdentity, issuer: Issuer
    ) -> None:
        for fault in ({"status": 500}, {"status": 200, "redirects_to": f"{issuer.url}/keys"}):
            published.forget_all()
            vars(issuer).update(fault)
            answer = swapped(api, issuer.token())
            assert (answer.status_code, answer.json()["check"]) == (503, "keys")
        assert issuer.asked.get("/keys") is None

    def test_keys_shown_lately_still_count_while_it_is_down(
        self, api: Api, identity: CiIdentity, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        swapped(api, issuer.token())
        issuer.status = 503
        later = time.monotonic() + published.FRESH_SECONDS + 1
        monkeypatch.setattr(published, "clock", lambda: later)
        assert swapped(api, issuer.token()).status_code == 201
        far = later + published.LASTING_SECONDS
        monkeypatch.setattr(published, "clock", lambda: far)
        assert swapped(api, issuer.token()).status_code == 503

    def test_one_that_is_down_is_left_alone_for_some_seconds(
        self, api: Api, identity: CiIdentity, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        issuer.status = 500
        assert {swapped(api, issuer.token()).status_code for _ in range(5)} == {503}
        assert issuer.asked == {"/.well-known/openid-configuration": 1}

        issuer.status = 200
        later = time.monotonic() + published.SILENT_SECONDS
        monkeypatch.setattr(published, "clock", lambda: later)
        assert swapped(api, issuer.token()).status_code == 201

    def test_unknown_keys_do_not_make_us_ask_one_that_went_down(
        self, api: Api, identity: CiIdentity, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        swapped(api, issuer.token())
        issuer.status = 500
        later = time.monotonic() + published.AGAIN_SECONDS
        monkeypatch.setattr(published, "clock", lambda: later)
        for number in range(5):
            assert swapped(api, issuer.token(header={"kid": f"k{number}"})).status_code == 503
        assert issuer.asked["/keys"] == 2
        # Known keys count all the while.
        assert swapped(api, issuer.token()).status_code == 201

    def test_of_many_who_want_the_same_one_asks(self, issuer: Issuer) -> None:
        issuer.seconds = 0.3
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda _: issuers.key_of(issuer.url, "one", allow_private=True), range(8)))
        assert None not in found
        assert issuer.asked == {"/.well-known/openid-configuration": 1, "/keys": 1}

    def test_while_a_slow_one_is_asked_again_nobody_else_waits_for_it(
        self, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        issuers.key_of(issuer.url, "one", allow_private=True)
        later = time.monotonic() + published.FRESH_SECONDS
        monkeypatch.setattr(published, "clock", lambda: later)
        issuer.seconds = 1.0

        def seconds_taken(_number: int) -> float:
            begun = time.monotonic()
            assert issuers.key_of(issuer.url, "one", allow_private=True)
            return time.monotonic() - begun

        with ThreadPoolExecutor(8) as threads:
            taken = sorted(threads.map(seconds_taken, range(8)))
        assert taken[-1] >= 1.0 > taken[-2]

    def test_what_cannot_be_its_keys_is_not_read(self, api: Api, identity: CiIdentity, issuer: Issuer) -> None:
        good = dict(vars(issuer))
        for fault in (
            {"padding": 300 * 1024},
            {"configuration": {"issuer": "https://other.example", "jwks_uri": f"{issuer.url}/keys"}},
            {"configuration": {"issuer": issuer.url}},
            {"configuration": {"issuer": issuer.url, "jwks_uri": "file:///etc/passwd"}},
            {"configuration": {"issuer": issuer.url, "jwks_uri": "http://169.254.169.254/keys"}},
            {"shown": []},
            {"shown": [{"kty": "RSA"}, 7, None]},
            {"shown": [good["shown"][0]] * 60},
        ):
            published.forget_all()
            vars(issuer).update({**good, **fault})
            assert swapped(api, issuer.token()).status_code == 503, fault

    def test_a_private_address_is_asked_only_where_an_admin_said_so(
        self, api: Api, identity: CiIdentity, issuer: Issuer
    ) -> None:
        CiIdentity.objects.update(allow_private_address=False)
        assert swapped(api, issuer.token()).status_code == 503
        assert issuer.asked == {}


class TestDoor:
    def test_a_body_larger_than_a_token_is_not_read(self, api: Api, identity: CiIdentity) -> None:
        assert swapped(api, "x" * 20_000).status_code == 413

    def test_who_asks_too_often_waits(self, api: Api, identity: CiIdentity, settings: Any) -> None:
        answers = [swapped(api, "x").status_code for _ in range(62)]
        assert answers.count(401) == 60
        assert answers[-1] == 429

    def test_a_session_or_token_beside_it_changes_nothing(
        self, api: Api, identity: CiIdentity, issuer: Issuer, developer: User
    ) -> None:
        assert api(developer).post("/auth/exchange/", {"token": issuer.token()}).status_code == 201
        assert Client().get("/api/v1/auth/exchange/").status_code == 405


class TestReach:
    def test_a_job_does_no_more_than_its_rule_says(self, api: Api, payments: Team, issuer: Issuer) -> None:
        new_identity(payments, issuer, services=["checkout"], environments=["dev"])
        raw = swapped(api, issuer.token()).json()["token"]
        caller = ApiClient(raise_request_exception=False)
        caller.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
        assert caller.post("/services/", {"name": "web", "team": "payments"}).status_code == 403
        assert caller.post("/tokens/", {"name": "mine"}).status_code == 403

    def test_rules_of_other_teams_stay_out_of_sight(
        self, api: Api, identity: CiIdentity, issuer: Issuer, stranger: User, maintainer: User
    ) -> None:
        new_identity(new_team("others"), issuer, name="theirs", claims={"repository": "acme/theirs"})
        raw = issuer.token()
        seen = api(maintainer).post("/ci-identities/try/", {"token": raw}).json()
        assert [one["name"] for one in seen["identities"]] == ["checkout"]
        assert seen["matched"] == "checkout"
        assert {one["state"] for one in seen["checks"]} == {"succeeded"}
        hidden = api(stranger).post("/ci-identities/try/", {"token": raw}).json()
        assert (hidden["identities"], hidden["matched"]) == ([], "")
        assert swapped(api, raw).status_code == 201
