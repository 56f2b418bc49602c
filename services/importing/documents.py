"""Reading a YAML text of several documents, within limits and without surprises."""

from __future__ import annotations

from typing import Any

import yaml
from django.utils.translation import gettext as _
from yaml.constructor import ConstructorError

from services.errors import CatalogUnreadable

MOST_BYTES = 512 * 1024
MOST_EVENTS = 100_000
DEEPEST = 32


class _TextLoader(yaml.CBaseLoader):
    """Leaves every scalar a text: YAML 1.1 would make False of `no` and 10 of `012`. A key may stand only once."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _value in node.value if isinstance(key, yaml.ScalarNode)]
        for key in keys:
            if keys.count(key) > 1:
                raise ConstructorError(None, None, _("the key “%(key)s” stands twice") % {"key": key}, node.start_mark)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def documents_of(text: str) -> list[Any]:
    """The documents, empty ones left out; every scalar is a text.

    Raises CatalogUnreadable for what is too large, too deep, uses aliases, or is no YAML.
    """
    if len(text.encode()) > MOST_BYTES:
        raise _unreadable(_("The file is larger than %(limit)d kB.") % {"limit": MOST_BYTES // 1024})
    try:
        _refuse_bombs(text)
        return [document for document in yaml.load_all(text, Loader=_TextLoader) if document]
    except (yaml.YAMLError, RecursionError) as error:
        raise _unreadable(_("The file is no YAML that can be read: %(why)s") % {"why": _in_one_line(error)}) from error


def _refuse_bombs(text: str) -> None:
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if isinstance(event, yaml.AliasEvent):
            raise _unreadable(_("The file uses YAML aliases (*name), which are not accepted. Write the value out."))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST or number > MOST_EVENTS:
            raise _unreadable(_("The file is nested too deep or has too many values."))


def _unreadable(detail: str) -> CatalogUnreadable:
    return CatalogUnreadable(detail, errors=[{"pointer": "/yaml", "code": "unreadable", "detail": detail}])


def _in_one_line(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    if mark is None:
        return " ".join(str(problem).split())[:300]
    return _("%(problem)s (line %(line)d, column %(column)d)") % {
        "problem": problem,
        "line": mark.line + 1,
        "column": mark.column + 1,
    }
