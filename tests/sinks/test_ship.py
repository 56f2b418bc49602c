"""Every sealed entry reaches every sink, in order, at least once, whatever receivers and workers do meanwhile."""

from __future__ import annotations

import hashlib
import hmac
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from itertools import pairwise
from typing import Any

import orjson
import pytest
from django.db import connection
from django.utils import timezone

from audit import retention
from audit.export import compare
from audit.models import Checkpoint, Entry
from audit.record import audit
from audit.tasks import seal
from sinks import sending, shipping
from sinks.models import AuditSink
from sinks.queries import most_behind, needed_after
from sinks.shipping import delay_after, due, ship
from sinks.tasks import sweep
from tests.conftest import until
from tests.factories.accounts import new_team
from tests.factories.sinks import new_sink
from tests.sinks.conftest import Certificate, Collector, Datagrams, Stream, Written, frames, number_of
from web import posting

pytestmark = pytest.mark.django_db

WORKER = """
import django
django.setup()
from sinks import shipping
shipping.BATCH = 5
shipping.ship({sink!r})
"""


def due_now() -> None:
    AuditSink.objects.update(due_at=timezone.now() - timedelta(seconds=1))


class TestSyslog:
    def test_over_tcp_each_entry_is_a_counted_message(
        self, written: Written, stream: Stream, valkey: object, settings: Any
    ) -> None:
        settings.PUBLIC_URL = "https://slipway.example"
        written(3)
        sink = new_sink(address=f"tcp://127.0.0.1:{stream.port}")
        assert ship(sink.pk) == 3
        assert stream.numbers == [1, 2, 3]
        (brought,) = stream.got
        _length, _space, first = brought.partition(b" ")
        head, _brace, _rest = first.partition(b"{")
        entry = Entry.objects.get(number=1)
        at = entry.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert head.decode() == f'<109>1 {at} slipway.example slipway - team.edit [meta sequenceId="1"] '
        sink.refresh_from_db()
        assert (sink.position, sink.state, sink.error, sink.lease_owner) == (3, "active", "", "")

    def test_what_arrives_proves_the_log(self, written: Written, stream: Stream, valkey: object) -> None:
        written(3)
        ship(new_sink(address=f"tcp://127.0.0.1:{stream.port}").pk)
        lines = [message[message.index(b"{") :] for message in frames_of(stream)]
        assert (compare(lines).lines, compare(lines).broken_at) == (3, None)

    def test_over_udp_each_entry_is_a_datagram(self, written: Written, datagrams: Datagrams, valkey: object) -> None:
        written(3)
        assert ship(new_sink(address=f"udp://127.0.0.1:{datagrams.port}").pk) == 3
        assert [number_of(one) for one in datagrams.take(3)] == [1, 2, 3]

    def test_what_no_datagram_can_carry_is_cut_and_says_so(
        self, written: Written, datagrams: Datagrams, valkey: object
    ) -> None:
        audit(None, "team.edit", new_team(), after={"text": "x" * 70_000})
        seal()
        ship(new_sink(address=f"udp://127.0.0.1:{datagrams.port}").pk)
        (one,) = datagrams.take(1)
        told = orjson.loads(one[one.index(b"{") :])
        assert (told["cut"], told["hash"]) == (["before", "after", "data"], Entry.objects.get().hash)

    def test_over_tls_with_an_own_authority(self, written: Written, certificate: Certificate, valkey: object) -> None:
        written(3)
        with Stream(tls=certificate.context).running() as server:
            sink = new_sink(address=f"tls://127.0.0.1:{server.port}", authority=certificate.pem)
            assert ship(sink.pk) == 3
            assert server.numbers == [1, 2, 3]

    def test_over_tls_a_stranger_gets_nothing(self, written: Written, certificate: Certificate, valkey: object) -> None:
        written(3)
        with Stream(tls=certificate.context).running() as server:
            sink = new_sink(address=f"tls://127.0.0.1:{server.port}")
            assert ship(sink.pk) == 0
            assert server.numbers == []
        sink.refresh_from_db()
        assert "certificate of" in sink.error

    def test_a_line_end_in_an_entry_begins_no_message(self, written: Written, stream: Stream, valkey: object) -> None:
        audit(None, "team.edit", new_team(), after={"name": "x\n<0>1 - forged - - - - hello"})
        seal()
        ship(new_sink(address=f"tcp://127.0.0.1:{stream.port}").pk)
        (message,) = frames_of(stream)
        assert b"\n" not in message


class TestHttp:
    def test_lines_with_token_and_signature(self, written: Written, collector: Collector, valkey: object) -> None:
        written(3)
        sink = new_sink(address=collector.url, bearer="the-token", key="a-key-of-some-length")
        assert ship(sink.pk) == 3
        ((headers, body),) = collector.got
        proof = hmac.new(
            b"a-key-of-some-length", f"{headers['X-Slipway-Timestamp']}.".encode() + body, hashlib.sha256
        ).hexdigest()
        assert headers["X-Slipway-Signature"] == f"sha256={proof}"
        assert (headers["Authorization"], headers["Content-Type"]) == ("Bearer the-token", "application/x-ndjson")
        assert headers["X-Slipway-Delivery"] == "1-3"
        assert compare(body.splitlines()).lines == 3

    def test_one_that_fails_gets_all_of_it_once_it_is_back(
        self, written: Written, collector: Collector, valkey: object
    ) -> None:
        collector.statuses = [503, 429, 200]
        written(3)
        sink = new_sink(address=collector.url)
        for attempt, error in [(1, "503"), (2, "429")]:
            assert ship(sink.pk) == 0
            assert ship(sink.pk) == 0, "not before its time"
            sink.refresh_from_db()
            assert (sink.attempts, sink.error, sink.state, sink.position) == (attempt, error, "failing", 0)
            assert sink.due_at > timezone.now()
            due_now()
        written(2)
        assert ship(sink.pk) == 5
        assert collector.numbers == [1, 2, 3, 4, 5]
        sink.refresh_from_db()
        assert (sink.attempts, sink.error, sink.failing_since, sink.state) == (0, "", None, "active")

    def test_one_that_hangs_is_left_after_seconds(
        self, written: Written, collector: Collector, valkey: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(posting, "SECONDS", 0.3)
        collector.hang_seconds = 1.5
        written(1)
        sink = new_sink(address=collector.url)
        began = time.monotonic()
        assert ship(sink.pk) == 0
        assert time.monotonic() - began < 1.2
        sink.refresh_from_db()
        assert "does not answer" in sink.error

    def test_no_error_holds_a_secret(self, written: Written, valkey: object) -> None:
        written(1)
        sink = new_sink(address="http://127.0.0.1:9/very-secret", bearer="another-secret", key="yet-another-secret")
        ship(sink.pk)
        sink.refresh_from_db()
        assert "127.0.0.1:9" in sink.error and "secret" not in sink.error

    def test_a_redirect_is_not_followed(self, written: Written, collector: Collector, valkey: object) -> None:
        collector.statuses = [307]
        written(1)
        assert ship(new_sink(address=collector.url).pk) == 0


class TestOrder:
    def test_it_goes_in_batches_and_in_order(
        self, written: Written, collector: Collector, valkey: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shipping, "BATCH", 4)
        written(10)
        ship(new_sink(address=collector.url).pk)
        assert [headers["X-Slipway-Delivery"] for headers, _body in collector.got] == ["1-4", "5-8", "9-10"]

    def test_large_entries_make_small_batches(
        self, written: Written, collector: Collector, valkey: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(shipping, "MOST_BYTES", 1500)
        written(3)
        ship(new_sink(address=collector.url).pk)
        assert (collector.numbers, len(collector.got)) == ([1, 2, 3], 3)

    def test_one_from_now_on_gets_only_what_comes(self, written: Written, collector: Collector, valkey: object) -> None:
        written(3)
        sink = new_sink(address=collector.url, position=3)
        written(2)
        ship(sink.pk)
        assert collector.numbers == [4, 5]

    def test_what_is_not_sealed_waits(self, written: Written, collector: Collector, valkey: object) -> None:
        written(1)
        audit(None, "team.edit", new_team())
        sink = new_sink(address=collector.url)
        ship(sink.pk)
        assert (collector.numbers, due()) == ([1], [])

    def test_a_connection_that_breaks_amid_a_batch_has_it_sent_again(
        self, written: Written, stream: Stream, valkey: object
    ) -> None:
        """Its bytes were taken by the other machine, but nobody read them: that is no delivery."""
        written(200)
        sink = new_sink(address=f"tcp://127.0.0.1:{stream.port}")
        stream.manner = "reset"
        assert ship(sink.pk) == 0
        sink.refresh_from_db()
        assert (sink.position, sink.state) == (0, "failing")
        stream.manner = "take"
        due_now()
        assert ship(sink.pk) == 200
        assert stream.numbers == list(range(1, 201))

    def test_one_that_never_reads_is_no_delivery(
        self, written: Written, stream: Stream, valkey: object, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sending, "SECONDS", 0.3)
        stream.manner = "hang"
        written(3)
        sink = new_sink(address=f"tcp://127.0.0.1:{stream.port}")
        assert ship(sink.pk) == 0
        sink.refresh_from_db()
        assert sink.position == 0

    def test_delays_grow_and_have_an_end(self) -> None:
        assert [delay_after(attempt) for attempt in (1, 2, 3, 6, 7, 99)] == [5, 10, 20, 160, 300, 300]


class TestOthers:
    def test_a_dead_sink_holds_up_no_other(self, written: Written, collector: Collector, valkey: object) -> None:
        written(2)
        dead = new_sink(address="tcp://127.0.0.1:9")
        alive = new_sink(address=collector.url)
        assert set(due()) == {dead.pk, alive.pk}
        sweep()
        for pk in due():
            ship(pk)
        assert collector.numbers == [1, 2]
        assert (most_behind(), due()) == (2, [])

    def test_one_that_is_switched_off_gets_nothing(self, written: Written, collector: Collector) -> None:
        written(1)
        sink = new_sink(address=collector.url, is_active=False)
        assert (ship(sink.pk), due()) == (0, [])

    def test_retention_waits_for_a_sink_but_not_for_ever(self, written: Written, valkey: object, settings: Any) -> None:
        settings.AUDIT_KEEP_DAYS = 0.000001
        written(4)
        assert needed_after() is None
        sink = new_sink(position=2)
        time.sleep(0.2)
        assert retention.remove_old() == 2
        AuditSink.objects.filter(pk=sink.pk).update(failing_since=timezone.now() - timedelta(days=31))
        assert retention.remove_old() == 2
        assert Checkpoint.objects.first().number == 4

    def test_one_whose_address_cannot_be_decrypted_says_so(
        self, written: Written, valkey: object, settings: Any
    ) -> None:
        written(1)
        sink = new_sink()
        settings.FIELD_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
        ship(sink.pk)
        assert "cannot be decrypted" in AuditSink.objects.values_list("error", flat=True).get()


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_it_once(written: Written, collector: Collector, valkey: object) -> None:
    written(20)
    sink, start = new_sink(address=collector.url), threading.Barrier(4)

    def work() -> None:
        start.wait()
        try:
            ship(sink.pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert collector.numbers == list(range(1, 21))


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_amid_shipping_loses_nothing(written: Written, collector: Collector, valkey: object) -> None:
    """Killed with SIGKILL between batches and amid one; another goes on once the lease has lapsed."""
    written(60)
    sink = new_sink(address=collector.url)
    collector.hang_seconds = 0.1
    told = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "SLIPWAY_DATABASE_URL": f"sqlite://{connection.settings_dict['NAME']}",
    }
    for _kill in range(2):
        began = len(collector.got)
        code = WORKER.format(sink=str(sink.pk))
        worker = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **told})
        try:
            until(lambda began=began: len(collector.got) > began + 1, seconds=30)
        finally:
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait()
        AuditSink.objects.filter(pk=sink.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert AuditSink.objects.get(pk=sink.pk).position < 60
    collector.hang_seconds = 0
    time.sleep(0.3)
    ship(sink.pk)
    found = collector.numbers
    assert sorted(set(found)) == list(range(1, 61)), "nothing is lost"
    repeated = [later for earlier, later in pairwise(found) if later <= earlier]
    assert len(repeated) <= 2, "each kill repeats one batch at most, from its beginning"
    for number in repeated:
        assert number % 5 == 1


def frames_of(stream: Stream) -> list[bytes]:
    """All messages that arrived."""
    return [message for part in stream.got for message in frames(part)]
