"""Values of a chart: YAML that people write, read with care; and what in them is secret, kept out of every output."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from django.utils.translation import gettext as _

from web.errors import Invalid
from web.redact import MASK, redacted_text

MAX_BYTES = 512 * 1024
MAX_DEPTH, MAX_EVENTS = 32, 50_000
_SECRET = re.compile(
    r"secret|token|passw|passphrase|pwd|credential|private|api_?key|[_-]?key$|dsn$|auth$", re.IGNORECASE
)
_SHORTEST_SCRUBBED = 4


def read_values(text: str, *, pointer: str = "/values") -> dict[str, Any]:
    """The mapping that the YAML holds; {} for nothing. Anchors, tags and several documents are refused.

    Raises Invalid at `pointer`, quoting nothing of the text.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise Invalid.at(pointer, "max_length", _("Values may have at most %(size)d kB.") % {"size": MAX_BYTES // 1024})
    try:
        _refuse_tricks(text, pointer)
        found = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise Invalid.at(pointer, "yaml", _place_of(error)) from error
    except (UnicodeEncodeError, ValueError, RecursionError) as error:
        raise Invalid.at(pointer, "yaml", _("The values are no valid YAML.")) from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise Invalid.at(pointer, "type", _("Values are a mapping: name: value."))
    return found


def write_values(values: dict[str, Any]) -> str:
    """The values as YAML, in their own order."""
    return yaml.dump(values, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True) if values else ""


def checked_values(values: Any) -> dict[str, Any]:
    """The values of an API call: a JSON object, or text that is YAML. Raises Invalid at /values."""
    if values is None:
        return {}
    if isinstance(values, str):
        return read_values(values)
    if not isinstance(values, dict):
        raise Invalid.at("/values", "type", _("Values are an object, or text in YAML."))
    return values


def scrub(text: str, values: dict[str, Any]) -> str:
    """The text without the secrets that stand in the values, and without what looks like one anywhere."""
    for secret in sorted(set(_secrets(values, is_secret=False)), key=len, reverse=True):
        text = text.replace(secret, MASK)
    return redacted_text(text)


def hidden(values: dict[str, Any]) -> dict[str, Any]:
    """The values for showing in a form: what sounds secret is masked."""
    return {
        key: MASK if isinstance(item, str) and item and _SECRET.search(str(key)) else _hidden(item)
        for key, item in values.items()
    }


def revealed(given: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """What came back from the form: a mask that was left as it was stands for the value that is kept there."""
    return {key: _revealed(item, kept.get(key, item)) for key, item in given.items()}


def _revealed(item: Any, kept: Any) -> Any:
    if item == MASK:
        return kept
    if isinstance(item, dict) and isinstance(kept, dict):
        return revealed(item, kept)
    if isinstance(item, list) and isinstance(kept, list) and len(item) == len(kept):
        return [_revealed(each, before) for each, before in zip(item, kept, strict=True)]
    return item


def _hidden(item: Any) -> Any:
    if isinstance(item, dict):
        return hidden(item)
    return [_hidden(each) for each in item] if isinstance(item, list) else item


def _secrets(value: Any, *, is_secret: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _secrets(item, is_secret=is_secret or bool(_SECRET.search(str(key))))
    elif isinstance(value, list):
        for item in value:
            yield from _secrets(item, is_secret=is_secret)
    elif is_secret and isinstance(value, str) and len(value) >= _SHORTEST_SCRUBBED:
        yield value


def _refuse_tricks(text: str, pointer: str) -> None:
    depth = documents = 0
    for number, event in enumerate(yaml.parse(text, Loader=yaml.CSafeLoader)):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Invalid.at(pointer, "yaml_alias", _("Anchors and aliases are not taken here: write the value out."))
        if getattr(event, "tag", None) not in {None, "!"}:
            raise Invalid.at(pointer, "yaml_tag", _("YAML tags are not taken here."))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        documents += isinstance(event, yaml.DocumentStartEvent)
        if depth > MAX_DEPTH or number > MAX_EVENTS or documents > 1:
            raise Invalid.at(pointer, "yaml", _("The values are nested too deeply, too long, or several documents."))


def _place_of(error: yaml.YAMLError) -> str:
    # The error's own words may quote the line, which may hold a secret.
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return _("The values are no valid YAML.")
    return _("The YAML is broken in line %(line)d, column %(column)d.") % {
        "line": mark.line + 1,
        "column": mark.column + 1,
    }
