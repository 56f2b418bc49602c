"""One YAML document of a stranger, read within limits and as plain text.

Every scalar stays a string: YAML 1.1 would turn the name `no` into False and `012` into 10. Aliases, tags, merge keys
and keys given twice are refused: they serve bombs and surprises, and no tool writes them into the files read here.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml
from django.utils.translation import gettext as _
from yaml.nodes import MappingNode

_MAX_DEPTH = 32
_MAX_EVENTS = 20_000


class UnsafeYaml(ValueError):
    """The text is not YAML or uses what is refused. `detail` says what, quoting nothing that could be a secret."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def read_yaml(text: str, *, max_bytes: int) -> dict[str, Any]:
    """The mapping that the text holds, with strings as its scalars. Raises UnsafeYaml."""
    if len(text.encode("utf-8", "surrogatepass")) > max_bytes:
        raise UnsafeYaml(_("it is larger than %(size)d kB") % {"size": max_bytes // 1024})
    try:
        _refuse_tricks(text)
        document = yaml.load(text, Loader=_TextLoader)  # noqa: S506
    except yaml.YAMLError as error:
        raise UnsafeYaml(_place_of(error)) from error
    except UnicodeEncodeError as error:
        raise UnsafeYaml(_("it is not valid Unicode")) from error
    if not isinstance(document, dict):
        raise UnsafeYaml(_("it is not a YAML mapping"))
    return document


def _refuse_tricks(text: str) -> None:
    """Looks at the event stream, before anything is built: overriding the C loader's composing has no effect."""
    depth = documents = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.CBaseLoader)):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise UnsafeYaml(_("it uses YAML anchors or aliases"))
        if getattr(event, "tag", None) not in {None, "!"}:
            raise UnsafeYaml(_("it uses YAML tags"))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > _MAX_DEPTH or number > _MAX_EVENTS or documents > 1:
            raise UnsafeYaml(_("it is nested too deeply, too long, or several documents in one"))


class _TextLoader(yaml.CBaseLoader):
    def construct_mapping(self, node: MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _value in node.value:
            if not isinstance(key.value, str):
                raise UnsafeYaml(_("a key is not a word"))
            if key.value in seen or key.value == "<<":
                raise UnsafeYaml(_("the key “%(key)s” is given twice or merges") % {"key": key.value[:60]})
            seen.add(key.value)
        return super().construct_mapping(node, deep=True)


def _place_of(error: yaml.YAMLError) -> str:
    # The error's own words may quote the line, which may hold a secret.
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return _("it is not YAML")
    return _("YAML is broken in line %(line)d, column %(column)d") % {"line": mark.line + 1, "column": mark.column + 1}
