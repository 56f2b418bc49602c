"""A cluster turns unreachable calmly, and connected at once."""

from __future__ import annotations

from clusters.observe.contact import Contact, News


def test_one_lost_answer_is_no_news():
    contact = Contact("connected")
    assert contact.failed(100.0, "connection refused") is None
    assert contact.failed(104.9, "connection refused") is None
    assert contact.heard() is None


def test_five_seconds_of_silence_are_told_once():
    contact = Contact("connected")
    contact.failed(100.0, "no answer in time")
    assert contact.failed(105.0, "no answer in time") == News("unreachable", "no answer in time")
    assert contact.failed(106.0, "no answer in time") is None


def test_another_reason_is_told_too():
    contact = Contact("unreachable", "no answer in time")
    contact.failed(100.0, "connection refused")
    assert contact.failed(105.0, "connection refused") == News("unreachable", "connection refused")


def test_the_first_answer_makes_it_connected():
    contact = Contact("unreachable", "no answer in time")
    assert contact.heard() == News("connected")
    assert contact.heard() is None
