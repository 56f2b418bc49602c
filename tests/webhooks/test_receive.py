"""Webhooks that come in: believed for their proof alone, taken once, done by rule as the robot."""

from __future__ import annotations

import base64
import time
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.utils import timezone

from accounts.models import Team, User
from audit.models import Entry
from deployments.models import Release
from tests.factories.accounts import new_team
from tests.factories.services import new_service
from tests.webhooks.conftest import RULE, SECRET, Send, new_source, signed
from webhooks import working
from webhooks.models import WebhookDelivery, WebhookSource
from webhooks.queries import forget_old_deliveries
from webhooks.working import sweep, work_on

BODY = {"image": "registry.example/acme/checkout:1.4.2"}


class TestProof:
    @pytest.mark.parametrize("body", [BODY, b"no json", b"", b"{" * 100])
    def test_without_one_nothing_is_read_or_kept(self, send: Send, source: WebhookSource, body: Any) -> None:
        for proof in (
            {"signature": ""},
            {"signature": signed(b"another body")},
            {"signature": signed(orjson.dumps(BODY), "another secret")},
            {"signature": "sha1=abc"},
            {"signature": "sha256="},
            {"signature": "", "X_Gitlab_Token": "wrong"},
            {"signature": "", "Authorization": "Bearer wrong"},
            {"signature": "", "Authorization": f"Basic {base64.b64encode(b'x:wrong').decode()}"},
            {"signature": "", "Authorization": "Basic not-base64"},
            # A wrong signature is not healed by a right secret.
            {"signature": "sha256=00", "X_Gitlab_Token": SECRET},
        ):
            answer = send(body, **proof)
            assert answer.status_code == 401, proof
            assert answer["WWW-Authenticate"].startswith("Bearer")
        assert not WebhookDelivery.objects.exists()
        assert not Entry.objects.exists()

    def test_a_source_that_is_not_there_answers_as_a_wrong_secret(self, send: Send, source: WebhookSource) -> None:
        wrong = send(BODY, signature="sha256=00").json()
        absent = send(BODY, source="no-such").json()
        WebhookSource.objects.update(is_active=False)
        off = send(BODY).json()
        for answer in (absent, off):
            assert (answer["title"], answer["detail"], answer["status"]) == (
                wrong["title"],
                wrong["detail"],
                wrong["status"],
            )

    @pytest.mark.parametrize(
        "proof",
        [
            {},
            {"signature": "", "X_Gitlab_Token": SECRET},
            {"signature": "", "Authorization": f"Bearer {SECRET}"},
            {"signature": "", "Authorization": SECRET},
            {"signature": "", "Authorization": f"Basic {base64.b64encode(f'x:{SECRET}'.encode()).decode()}"},
        ],
    )
    def test_each_way_to_send_it_is_believed(self, send: Send, source: WebhookSource, proof: dict[str, str]) -> None:
        answer = send({"image": "acme/other:1"}, **proof)
        assert (answer.status_code, answer.json()["releases"]) == (202, [])
        assert WebhookDelivery.objects.get().state == "ignored"

    def test_an_old_secret_counts_until_its_time_is_over(self, send: Send, source: WebhookSource) -> None:
        for left, status in ((60, 202), (-60, 401)):
            until = (timezone.now() + timedelta(seconds=left)).isoformat()
            source.secret = {"now": "the-new-one", "before": SECRET, "until": until}
            source.save()
            assert send({"image": "acme/other:1", "at": left}).status_code == status

    def test_what_is_signed_and_no_json_says_so(self, send: Send, source: WebhookSource) -> None:
        for body in (b"", b"image=x", b"[" * 40 + b"]" * 40, b"\xff"):
            answer = send(body)
            assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")

    def test_it_may_be_as_large_as_any_body(self, send: Send, source: WebhookSource) -> None:
        assert send(b'"' + b"x" * 1024 * 1024 + b'"').status_code == 413


class TestOnce:
    def test_the_same_delivery_gets_the_same_answer(self, send: Send, source: WebhookSource) -> None:
        first = send(BODY, X_GitHub_Delivery="72d3162e")
        again = send(BODY, X_GitHub_Delivery="72d3162e")
        assert first.json()["replayed"] is False
        assert again.json() == {**first.json(), "replayed": True}
        assert again["Location"] == first["Location"]
        assert WebhookDelivery.objects.count() == 1

    def test_a_signed_body_counts_once_whatever_id_comes_with_it(self, send: Send, source: WebhookSource) -> None:
        first = send(BODY, X_GitHub_Delivery="one").json()
        assert send(BODY, X_GitHub_Delivery="two").json() == {**first, "replayed": True}
        assert send(BODY).json() == {**first, "replayed": True}

    def test_with_the_secret_itself_the_id_decides(self, send: Send, source: WebhookSource) -> None:
        proof = {"signature": "", "X_Gitlab_Token": SECRET}
        send(BODY, X_Gitlab_Event_UUID="one", **proof)
        assert send(BODY, X_Gitlab_Event_UUID="two", **proof).json()["replayed"] is False
        assert send(BODY, X_Gitlab_Event_UUID="two", **proof).json()["replayed"] is True

    def test_after_a_day_the_same_body_is_news(self, send: Send, source: WebhookSource) -> None:
        send(BODY)
        WebhookDelivery.objects.update(received_at=timezone.now() - timedelta(hours=25))
        assert send(BODY).json()["replayed"] is False
        assert WebhookDelivery.objects.count() == 2

    def test_two_sources_do_not_know_of_each_other(self, send: Send, source: WebhookSource, payments: Team) -> None:
        new_source(payments, name="second")
        send(BODY, X_GitHub_Delivery="one")
        assert send(BODY, source="second", X_GitHub_Delivery="one").json()["replayed"] is False


class TestWork:
    """Without a cluster each start is refused; what is started for real is in test_push_to_release.py."""

    def test_one_bad_rule_does_not_stop_the_next(self, send: Send, payments: Team, source: WebhookSource) -> None:
        new_service("stock", payments)
        rules = [{**RULE, "service": name} for name in ("gone", "checkout", "stock")]
        WebhookSource.objects.update(rules=rules)
        body = send(BODY).json()
        assert [(one["service"], one["outcome"]) for one in body["results"]] == [
            ("gone", "refused"),
            ("checkout", "refused"),
            ("stock", "refused"),
        ]
        assert body["results"][0]["code"] == "does_not_exist"
        assert body["results"][1]["code"] == "release_invalid"
        assert WebhookDelivery.objects.get().state == "failed"

    def test_a_robot_without_the_role_starts_nothing(self, send: Send, payments: Team, source: WebhookSource) -> None:
        source.robot.memberships.update(role="viewer")
        (result,) = send(BODY).json()["results"]
        assert (result["outcome"], result["code"]) == ("refused", "not_permitted")

    def test_a_robot_that_is_out_of_use_starts_nothing(self, send: Send, source: WebhookSource) -> None:
        User.objects.filter(pk=source.robot.pk).update(is_active=False)
        (result,) = send(BODY).json()["results"]
        assert (result["outcome"], result["code"]) == ("refused", "not_permitted")

    def test_a_service_that_went_to_another_team_is_theirs(
        self, send: Send, source: WebhookSource, checkout: Any
    ) -> None:
        checkout.team = new_team("others")
        checkout.save()
        (result,) = send(BODY).json()["results"]
        assert result["code"] == "does_not_exist"

    def test_what_matched_stands_in_the_log_as_the_robot(self, send: Send, source: WebhookSource) -> None:
        send(BODY, X_Request_Id="r-7")
        entry = Entry.objects.get(action="webhook_source.receive")
        assert (entry.actor, entry.object_name, entry.team) == ("registry@payments", "registry", "payments")
        assert entry.after["images"] == ["registry.example/acme/checkout:1.4.2"]
        assert SECRET not in str(entry.after)

    def test_work_that_was_cut_short_is_gone_on_with(self, send: Send, source: WebhookSource) -> None:
        rules = [RULE, {**RULE, "environment": "gone"}]
        WebhookSource.objects.update(rules=rules)
        send(BODY)
        delivery = WebhookDelivery.objects.get()
        first = delivery.results[:1]
        WebhookDelivery.objects.update(results=first, done_at=None, due_at=timezone.now() - timedelta(seconds=1))
        assert sweep() == 1
        delivery.refresh_from_db()
        assert (delivery.results[0], len(delivery.results), delivery.state) == (first[0], 2, "failed")

    def test_out_of_time_it_is_left_to_the_sweep(self, send: Send, source: WebhookSource) -> None:
        send(BODY)
        WebhookDelivery.objects.update(results=[], done_at=None, due_at=timezone.now() - timedelta(seconds=1))
        delivery = WebhookDelivery.objects.get()
        assert work_on(delivery.pk, until=time.monotonic() - 1) is False
        delivery.refresh_from_db()
        assert (delivery.state, delivery.lease_owner) == ("pending", "")
        assert sweep() == 1

    def test_what_somebody_else_is_at_is_left_alone(self, send: Send, source: WebhookSource) -> None:
        send(BODY)
        WebhookDelivery.objects.update(
            results=[],
            done_at=None,
            due_at=timezone.now() - timedelta(seconds=1),
            lease_owner="somebody",
            lease_until=timezone.now() + timedelta(seconds=30),
        )
        assert sweep() == 0
        assert not Release.objects.exists()

    def test_who_was_stalled_until_another_took_over_overwrites_nothing(
        self, send: Send, source: WebhookSource, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        send(BODY)
        WebhookDelivery.objects.update(results=[], done_at=None, due_at=timezone.now() - timedelta(seconds=1))
        delivery = WebhookDelivery.objects.get()
        begun, others = working._begun, []

        def stalls(*about: Any) -> Any:
            """Longer than the lease: meanwhile the sweep does the work."""
            result = begun(*about)
            if not others:
                others.append("took over")
                WebhookDelivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
                assert sweep() == 1
                return {"outcome": "refused", "code": "stale", "detail": "what the stalled one would write"}
            return result

        monkeypatch.setattr(working, "_begun", stalls)
        assert work_on(delivery.pk, until=time.monotonic() + 30) is False

        delivery.refresh_from_db()
        assert "stale" not in str(delivery.results)
        assert (delivery.due_at, delivery.lease_owner, delivery.done_at is not None) == (None, "", True)

    def test_old_deliveries_are_forgotten(self, send: Send, source: WebhookSource) -> None:
        send(BODY)
        WebhookDelivery.objects.update(received_at=timezone.now() - timedelta(days=31))
        assert forget_old_deliveries() == 1
