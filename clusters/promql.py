"""Checks PromQL that people write, and forces it to the namespaces that they may see.

The text that is sent is not the text that was given: it is written anew from the parsed query, with the forced label
in every selector, and parsed once more to prove that the label is there.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import timedelta
from typing import Any

import promql_parser
from django.utils.translation import gettext as _
from promql_parser import MatchOp, MatrixSelector, VectorSelector

from web.errors import BadParameter

LONGEST_QUERY = 4000
# Pairs, for the parser's operators cannot be keys of a dict.
_OPERATORS = ((MatchOp.Equal, "="), (MatchOp.NotEqual, "!="), (MatchOp.Re, "=~"), (MatchOp.NotRe, "!~"))
_NAMESPACE = "namespace"
# Reads series that its arguments do not name (target_info), so no label in a selector can hold it.
_REACHES_FURTHER = frozenset({"info"})
_REGEX_SIGNS = re.compile(r"[.\\+*?()|\[\]{}^$]")
_UNQUOTED_NAME = re.compile(r"\A[a-zA-Z_][a-zA-Z0-9_]*\Z")

Matcher = tuple[str, str, str]


class BadQuery(BadParameter):
    """The PromQL cannot be read, or uses something that cannot be held to the caller's namespaces."""

    code = "bad_query"


def checked(query: str) -> str:
    """The query, if it is PromQL, as it was given. Raises BadQuery."""
    _parsed(query)
    return query


def forced(query: str, namespaces: Collection[str] | None) -> str:
    """The query with `namespace` held to the given ones in every selector; None means every namespace there is.

    Matchers that the query has on `namespace` stay and narrow further, for Prometheus joins matchers by "and".
    Raises BadQuery, also when no namespace is given or the result does not show the label everywhere.
    """
    held = _matcher_for(namespaces)
    given = _parsed(query)
    selectors = len(_selectors(given))

    def force(node: Any) -> Any:
        if isinstance(node, VectorSelector):
            return promql_parser.parse(_selector_text(node, held))
        if isinstance(node, MatrixSelector):
            inner = node.vector_selector
            return promql_parser.parse(_selector_text(inner, held, f"[{_duration(node.range)}]"))
        return None

    try:
        text = str(promql_parser.transform(given, post_visit=force).prettify())
        again = _selectors(promql_parser.parse(text))
    except ValueError as error:
        raise _cannot_hold() from error
    if len(again) != selectors or any(_matchers(one).count(held) != 1 for one in again):
        raise _cannot_hold()
    return text


def quoted(value: str) -> str:
    """The value as a PromQL string, quotes included."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def as_regex(value: str) -> str:
    """A regular expression (RE2) that matches this very value."""
    return _REGEX_SIGNS.sub(lambda found: f"\\{found[0]}", value)


def _parsed(query: str) -> Any:
    if len(query) > LONGEST_QUERY or any(not (sign.isprintable() or sign in "\n\t") for sign in query):
        raise BadQuery(_("The query is longer than %(most)d signs, or holds control characters.") % _LIMIT)
    try:
        expression = promql_parser.parse(query)
    except ValueError as error:
        raise BadQuery(
            _("The query is not PromQL: %(why)s.") % {"why": str(error)[:300].rstrip(".")},
            next=_("Try it in the Prometheus UI first; functions that are still experimental are not known here."),
        ) from error
    _refuse_what_reaches_further(expression)
    return expression


def _refuse_what_reaches_further(expression: Any) -> None:
    for node in _nodes(expression):
        if isinstance(node, promql_parser.Call) and node.func.name in _REACHES_FURTHER:
            raise BadQuery(
                _("%(name)s() reads series that the query does not name, so it is not allowed.")
                % {"name": node.func.name}
            )
        if isinstance(node, VectorSelector) and node.matchers.or_matchers:
            raise BadQuery(
                _("“or” between labels inside { } is not allowed."),
                next=_("Write two selectors joined by the operator “or”."),
            )


def _nodes(expression: Any) -> list[Any]:
    found: list[Any] = []
    promql_parser.walk(expression, post_visit=found.append)
    return found


def _selectors(expression: Any) -> list[Any]:
    return [node for node in _nodes(expression) if isinstance(node, VectorSelector)]


def _matchers(selector: Any) -> list[Matcher]:
    return [
        (one.name, next(sign for op, sign in _OPERATORS if op == one.op), one.value)
        for one in selector.matchers.matchers
    ]


def _matcher_for(namespaces: Collection[str] | None) -> Matcher:
    if namespaces is None:
        return (_NAMESPACE, "=~", ".+")
    if not namespaces:
        raise BadQuery(
            _("No namespace of this cluster is granted to a team of yours."),
            next=_("Ask an admin to grant a namespace to your team."),
        )
    if len(namespaces) == 1:
        return (_NAMESPACE, "=", next(iter(namespaces)))
    return (_NAMESPACE, "=~", "|".join(as_regex(name) for name in sorted(namespaces)))


def _selector_text(selector: Any, held: Matcher, brackets: str = "") -> str:
    """One selector with the forced matcher, its range, offset and `@`, in an order that the grammar takes."""
    matchers = [one for one in _matchers(selector) if one != held]
    if selector.name:
        matchers.insert(0, ("__name__", "=", selector.name))
    inside = ",".join(f"{_label(name)}{how}{quoted(value)}" for name, how, value in [*matchers, held])
    at = f" {selector.at}" if selector.at is not None else ""
    offset = f" offset {_duration(selector.offset)}" if selector.offset else ""
    return f"{{{inside}}}{brackets}{at}{offset}"


def _label(name: str) -> str:
    return name if _UNQUOTED_NAME.match(name) else quoted(name)


def _duration(span: timedelta) -> str:
    millis = round(span.total_seconds() * 1000)
    return f"{'-' if millis < 0 else ''}{abs(millis)}ms"


def _cannot_hold() -> BadQuery:
    return BadQuery(
        _("The query cannot be held to your namespaces, so it is not sent."),
        next=_("Write it more simply: plain label names, no quotes inside label values."),
    )


_LIMIT = {"most": LONGEST_QUERY}
