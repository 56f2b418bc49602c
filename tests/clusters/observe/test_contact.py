"""A cluster turns unreachable calmly, and connected at once."""

from __future__ import annotations

from clusters.observe.contact import Contact, News


def test_one_lost_answer_is_no_news():
    contact = Contact("connected")
    contact.heard(100.0)
    assert contact.failed(102.0, "connection refused") is None
    assert contact.failed(104.9, "connection refused") is None
    assert contact.heard(105.0) is None
    assert contact.failed(109.0, "connection refused") is None


def test_five_seconds_of_silence_are_told_once():
    contact = Contact("connected")
    contact.heard(100.0)
    assert contact.failed(105.0, "no answer in time") == News("unreachable", "no answer in time")
    assert contact.failed(106.0, "no answer in time") is None


def test_another_reason_is_told_too():
    contact = Contact("unreachable", "no answer in time")
    contact.failed(100.0, "connection refused")
    assert contact.failed(105.0, "connection refused") == News("unreachable", "connection refused")


def test_the_first_answer_makes_it_connected():
    contact = Contact("unreachable", "no answer in time")
    assert contact.heard(100.0) == News("connected")
    assert contact.heard(102.0) is None


def test_patience_with_a_cluster_that_never_answered_begins_with_the_first_failure():
    contact = Contact("unknown")
    assert contact.failed(100.0, "connection refused") is None
    assert contact.failed(105.0, "connection refused") == News("unreachable", "connection refused")


def test_a_status_that_somebody_else_wrote_is_said_again_only_after_an_own_finding():
    contact = Contact("connected")
    assert contact.differs_from("unreachable") is None
    contact.heard(100.0)
    assert contact.differs_from("unreachable") == News("connected")
    assert contact.differs_from("connected") is None
