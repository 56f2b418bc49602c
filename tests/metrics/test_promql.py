"""PromQL of people is held to namespaces; how it is attacked stands in tests/abuse/test_t48."""

from __future__ import annotations

import pytest

from clusters.promql import BadQuery, as_regex, checked, forced, quoted


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        ("foo", '{__name__="foo",namespace="dev"}'),
        ('foo{a="b"}', '{__name__="foo",a="b",namespace="dev"}'),
        ("rate(foo[5m])", 'rate({__name__="foo",namespace="dev"}[5m])'),
        ("foo offset -5m", '{__name__="foo",namespace="dev"} offset -5m'),
        ("foo[5m] @ 10 offset 1m", '{__name__="foo",namespace="dev"}[5m] @ 10.000 offset 1m'),
        ("foo[1h:1m]", '{__name__="foo",namespace="dev"}[1h:1m]'),
        ('foo{namespace="dev"}', '{__name__="foo",namespace="dev"}'),
        ('{"dotted.name"}', '{__name__="dotted.name",namespace="dev"}'),
        ("vector(1) + time()", "vector(1) + time()"),
    ],
)
def test_every_selector_gets_the_namespace(query: str, sent: str) -> None:
    assert forced(query, ["dev"]) == sent


def test_several_namespaces_become_one_expression_that_matches_just_them() -> None:
    assert forced("foo", {"b", "a.c"}) == r'{__name__="foo",namespace=~"a\\.c|b"}'


def test_all_namespaces_leave_out_what_belongs_to_none() -> None:
    assert forced("foo", None) == '{__name__="foo",namespace=~".+"}'


def test_a_caller_s_own_choice_of_namespace_narrows_and_never_widens() -> None:
    sent = forced('foo{namespace="secret"}', ["dev"])
    assert 'namespace="secret"' in sent and 'namespace="dev"' in sent


def test_who_is_granted_nothing_asks_nothing() -> None:
    with pytest.raises(BadQuery, match="No namespace"):
        forced("foo", [])


@pytest.mark.parametrize("query", ["", "rate(foo", "foo bar", "nothing_known(foo)", "foo\x00", "foo" * 2000])
def test_what_is_no_promql_is_refused(query: str) -> None:
    with pytest.raises(BadQuery):
        checked(query)


@pytest.mark.parametrize("value", ['a"b', "a\\b", "a\nb", "a.b", "a|b(c)"])
def test_a_value_survives_quoting(value: str) -> None:
    assert quoted(value).count("\n") == 0
    assert f"label={quoted(value)}" in forced(f"foo{{label={quoted(value)}}}", ["dev"])
    assert as_regex("a.b") == "a\\.b"
