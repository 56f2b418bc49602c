"""What a process tells open pages goes out at once, and in a crowd by few messages."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from web.live import Outbox

SOON_SECONDS = 10


class Wire:
    """Where messages go: what was sent, and a way to wait for it."""

    def __init__(self) -> None:
        self.messages: list[list[str]] = []
        self._changed = threading.Condition()

    def send(self, topics: Iterable[str]) -> None:
        with self._changed:
            self.messages.append(list(topics))
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.messages) >= count, SOON_SECONDS), self.messages


def test_the_first_message_goes_out_at_once() -> None:
    wire = Wire()

    Outbox(wire.send).put(["release:1", "releases"])

    assert wire.messages == [["release:1", "releases"]]


def test_what_follows_at_once_goes_together_and_each_topic_once() -> None:
    wire = Wire()
    outbox = Outbox(wire.send)

    for topics in (["home"], ["release:1", "releases"], ["release:2", "releases"], ["release:1"]):
        outbox.put(topics)
    wire.wait_for(2)

    assert wire.messages == [["home"], ["release:1", "releases", "release:2"]]


def test_nothing_is_lost_or_doubled_when_many_publish_at_once() -> None:
    wire = Wire()
    outbox = Outbox(wire.send)
    begin = threading.Barrier(8)

    def publish(who: int) -> None:
        begin.wait(SOON_SECONDS)
        for number in range(50):
            outbox.put([f"release:{who}-{number}"])

    threads = [threading.Thread(target=publish, args=(who,)) for who in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    outbox.flush()

    sent = [topic for message in wire.messages for topic in message]
    assert sorted(sent) == sorted(f"release:{who}-{number}" for who in range(8) for number in range(50))


def test_a_process_that_ends_sends_what_waits_and_nothing_twice() -> None:
    wire = Wire()
    outbox = Outbox(wire.send)
    outbox.put(["home"])
    outbox.put(["releases"])

    outbox.flush()
    outbox.flush()

    assert wire.messages == [["home"], ["releases"]]
