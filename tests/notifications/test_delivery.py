"""What is told arrives at least once: signed, with the same id on every attempt, by webhook, chat and mail."""

from __future__ import annotations

import email
import hashlib
import hmac
import socket
import threading
from datetime import timedelta
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Team
from notifications import delivery
from notifications.delivery import MOST_ATTEMPTS, delay_after, deliver, sweep
from notifications.models import Notice
from notifications.queries import forget_old_notices
from notifications.sending import NotSent
from notifications.tell import tell
from tests.notifications.conftest import Receiver, new_channel

pytestmark = pytest.mark.django_db


def told(team: Team, key: str = "k1", event: str = "approval.ask", **facts: Any) -> int:
    return tell(event, key=key, teams=[team.name], title="Approve it?", text="dev asks", path="/approvals/1/", **facts)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def due_now() -> None:
    Notice.objects.filter(due_at__isnull=False).update(due_at=timezone.now() - timedelta(seconds=1))


class TestTelling:
    def test_each_channel_of_the_team_that_wants_it_is_told_once(
        self, payments: Team, receiver: Receiver, valkey: object
    ) -> None:
        new_channel(payments, url=receiver.url)
        new_channel(None, url=receiver.url)
        new_channel(payments, url=receiver.url, name="others", events=["release.abort"])
        new_channel(payments, url=receiver.url, name="off", is_active=False)
        assert told(payments) == 2
        told(payments)
        assert Notice.objects.count() == 2

    def test_what_is_rolled_back_is_told_nobody(self, payments: Team, receiver: Receiver, valkey: object) -> None:
        new_channel(payments, url=receiver.url)
        with transaction.atomic():
            told(payments)
            transaction.set_rollback(True)
        assert not Notice.objects.exists()

    def test_another_team_is_not_told(self, payments: Team, receiver: Receiver) -> None:
        new_channel(Team.objects.create(name="others"), url=receiver.url)
        assert told(payments) == 0


class TestWebhook:
    def test_it_is_signed_with_its_time(
        self, payments: Team, receiver: Receiver, valkey: object, settings: Any
    ) -> None:
        settings.PUBLIC_URL = "https://slipway.example"
        new_channel(payments, url=receiver.url, key="a-key-of-some-length")
        told(payments, service="checkout")
        assert sweep() == 1

        ((headers, body),) = receiver.got
        proof = hmac.new(
            b"a-key-of-some-length", f"{headers['X-Slipway-Timestamp']}.".encode() + body, hashlib.sha256
        ).hexdigest()
        assert headers["X-Slipway-Signature"] == f"sha256={proof}"
        assert headers["X-Slipway-Delivery"] == "k1"
        (said,) = receiver.bodies
        assert (said["event"], said["service"], said["id"]) == ("approval.ask", "checkout", "k1")
        assert said["url"] == "https://slipway.example/approvals/1/"
        notice = Notice.objects.get()
        assert (notice.state, notice.answer, notice.attempts) == ("delivered", "200", 1)

    def test_it_is_tried_again_later_with_the_same_id(self, payments: Team, receiver: Receiver, valkey: object) -> None:
        receiver.statuses = [503, 200]
        new_channel(payments, url=receiver.url)
        told(payments)
        assert sweep() == 0
        notice = Notice.objects.get()
        assert (notice.state, notice.attempts, notice.answer) == ("pending", 1, "503")
        assert sweep() == 0, "not before its time"
        due_now()
        assert sweep() == 1
        assert {headers["X-Slipway-Delivery"] for headers, _body in receiver.got} == {"k1"}

    def test_delays_grow_and_have_an_end(self) -> None:
        assert [delay_after(attempt) for attempt in (1, 2, 3, 11, 12, 99)] == [5, 10, 20, 3600, 3600, 3600]

    @pytest.mark.parametrize(("status", "before"), [(410, 0), (500, MOST_ATTEMPTS - 1)])
    def test_it_is_given_up_in_the_end(
        self, payments: Team, receiver: Receiver, valkey: object, status: int, before: int
    ) -> None:
        receiver.statuses = [status]
        new_channel(payments, url=receiver.url)
        told(payments)
        Notice.objects.update(attempts=before)
        sweep()
        notice = Notice.objects.get()
        assert (notice.state, notice.due_at) == ("failed", None)

    def test_a_process_that_died_on_the_way_is_followed_by_another(
        self, payments: Team, receiver: Receiver, valkey: object
    ) -> None:
        new_channel(payments, url=receiver.url)
        told(payments)
        Notice.objects.update(
            lease_owner="the dead one", lease_until=timezone.now() + timedelta(seconds=20), attempts=1
        )
        assert sweep() == 0
        Notice.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        assert sweep() == 1

    def test_who_was_stalled_until_another_took_over_overwrites_nothing(
        self, payments: Team, receiver: Receiver, valkey: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Also when the attempts were counted anew in between."""
        new_channel(payments, url=receiver.url)
        told(payments)
        sent = delivery.send

        def stalls(notice: Notice) -> str:
            monkeypatch.setattr(delivery, "send", sent)
            Notice.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
            assert sweep() == 1
            Notice.objects.update(attempts=notice.attempts)
            raise NotSent("what the stalled one found")

        monkeypatch.setattr(delivery, "send", stalls)
        assert sweep() == 0

        notice = Notice.objects.get()
        assert (notice.state, notice.answer, notice.due_at) == ("delivered", "200", None)

    @pytest.mark.parametrize("is_taken", [True, False])
    def test_what_takes_longer_than_the_lease_is_sent_once_and_fails_as_late_as_others(
        self, payments: Team, receiver: Receiver, valkey: object, monkeypatch: pytest.MonkeyPatch, is_taken: bool
    ) -> None:
        """A mail server may be slow at every step. Nobody else has taken the notice meanwhile."""
        new_channel(payments, url=receiver.url)
        told(payments)

        def is_slow(notice: Notice) -> str:
            Notice.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
            if is_taken:
                return "taken"
            raise NotSent("too slow")

        monkeypatch.setattr(delivery, "send", is_slow)
        assert sweep() == (1 if is_taken else 0)

        notice = Notice.objects.get()
        assert (notice.answer, notice.attempts) == ("taken" if is_taken else "too slow", 1)
        assert notice.state == ("delivered" if is_taken else "pending")
        assert is_taken or notice.due_at > timezone.now()
        assert sweep() == 0

    def test_an_older_version_at_work_on_the_same_notice_is_left_alone_and_followed(
        self, payments: Team, receiver: Receiver, valkey: object
    ) -> None:
        """It knows nothing of an owner, and leaves the one that it finds."""
        new_channel(payments, url=receiver.url)
        told(payments)
        Notice.objects.update(lease_until=timezone.now() + timedelta(seconds=20), attempts=1)
        assert sweep() == 0

        Notice.objects.update(lease_owner="one of ours who died", lease_until=None)
        assert sweep() == 1

    def test_a_redirect_is_not_followed(self, payments: Team, receiver: Receiver, valkey: object) -> None:
        receiver.statuses, receiver.location = [302], "http://169.254.169.254/latest/"
        new_channel(payments, url=receiver.url)
        told(payments)
        assert sweep() == 0
        assert Notice.objects.get().answer == "302"

    def test_a_receiver_that_is_down_shows_no_secret(self, payments: Team, valkey: object) -> None:
        new_channel(payments, url="http://127.0.0.1:9/hook/very-secret", key="another-very-secret")
        told(payments)
        sweep()
        answer = Notice.objects.get().answer
        assert "127.0.0.1:9 does not answer" in answer and "secret" not in answer

    def test_what_is_old_is_forgotten(self, payments: Team, receiver: Receiver, valkey: object) -> None:
        new_channel(payments, url=receiver.url)
        told(payments, "old")
        sweep()
        told(payments, "new")
        Notice.objects.update(created_at=timezone.now() - timedelta(days=40))
        assert forget_old_notices() == 1
        assert Notice.objects.get().key == "new"


class TestChat:
    def test_a_line_with_a_link_in_which_no_name_is_a_mention(
        self, payments: Team, receiver: Receiver, valkey: object, settings: Any
    ) -> None:
        settings.PUBLIC_URL = "https://slipway.example"
        new_channel(payments, "slack", url=receiver.url)
        tell("release.fail", key="k", teams=["payments"], title="<!channel> & co", text="a|b", path="/r/")
        sweep()
        assert receiver.bodies == [{"text": "<https://slipway.example/r/|&lt;!channel&gt; &amp; co>\na|b"}]
        assert "X-Slipway-Signature" not in receiver.got[0][0]


class TestMail:
    def test_it_arrives_at_a_real_server(self, payments: Team, settings: Any, valkey: object) -> None:
        mails: list[email.message.Message] = []

        class Box:
            async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
                mails.append(email.message_from_bytes(envelope.content))
                return "250 taken"

        server = Controller(Box(), hostname="127.0.0.1", port=free_port())
        server.start()
        try:
            settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
            settings.EMAIL_HOST = "127.0.0.1"
            settings.EMAIL_PORT = server.port
            settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
            new_channel(payments, "email", to=["team@example.org", "boss@example.org"])
            tell(
                "release.fail",
                key="k",
                teams=["payments"],
                title="failed\nBcc: evil@example.org",
                text="why",
                path="/r/",
            )
            assert sweep() == 1
        finally:
            server.stop()
        (mail,) = mails
        assert mail["Subject"] == "failed Bcc: evil@example.org"
        assert mail["Bcc"] is None
        assert mail["To"] == "team@example.org, boss@example.org"
        assert mail["X-Slipway-Delivery"] == "k"

    def test_without_a_server_it_says_so(self, payments: Team, settings: Any, valkey: object) -> None:
        settings.EMAIL_HOST = ""
        new_channel(payments, "email", to=["team@example.org"])
        told(payments)
        sweep()
        notice = Notice.objects.get()
        assert notice.state == "failed" and "SLIPWAY_SMTP_HOST" in notice.answer


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_it_once(payments: Team, receiver: Receiver, valkey: object) -> None:
    new_channel(payments, url=receiver.url)
    told(payments)
    notice, start = Notice.objects.get(), threading.Barrier(4)

    def work() -> None:
        start.wait()
        try:
            deliver(notice.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(receiver.got) == 1
