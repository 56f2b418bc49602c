"""The values of a cluster that people write, checked the same way for page, API and Slipway itself."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from clusters.models import Cluster
from web.errors import Conflict, Invalid
from web.names import dns_label

# /clusters/new/ is the page that registers one.
RESERVED_NAMES = frozenset({"new"})
EDITABLE = ("title", "environment", "labels", "prometheus_url")
_LABEL_KEY = re.compile(
    r"\A(?:[a-z0-9][-a-z0-9.]{0,251}[a-z0-9]/|[a-z0-9]/)?[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?\Z"
)
_LABEL_VALUE = re.compile(r"\A(?:[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?)?\Z")
_MAX_LABELS = 64


def clean_fields(values: dict[str, Any]) -> dict[str, Any]:
    """The values that are in EDITABLE, checked. Raises Invalid, listing everything that is wrong at once."""
    errors: list[dict[str, str]] = []
    cleaned: dict[str, Any] = {}
    for name in EDITABLE:
        if name not in values:
            continue
        try:
            cleaned[name] = _CHECKS[name](values[name])
        except ValidationError as error:
            errors.append({"pointer": f"/{name}", "code": error.code or "invalid", "detail": " ".join(error.messages)})
    if errors:
        raise Invalid(" ".join(error["detail"] for error in errors), errors=errors)
    return cleaned


def refuse_taken_name(name: str, *, but: Cluster | None = None) -> None:
    """Raises Invalid when it is no DNS label or a reserved word, Conflict when a cluster (`but` the given) has it."""
    try:
        dns_label(name)
    except ValidationError as error:
        raise Invalid.at("/name", "dns_label", " ".join(error.messages)) from error
    if name in RESERVED_NAMES:
        raise Invalid.at("/name", "reserved", _("“%(name)s” is a word of the portal's own addresses.") % {"name": name})
    others = Cluster.objects.exclude(pk=but.pk) if but else Cluster.objects.all()
    if others.filter(name__iexact=name).exists():
        raise name_taken(name)


def name_taken(name: str) -> Conflict:
    """What to raise when another cluster has the name."""
    return Conflict(
        _("There is a cluster named %(name)s already.") % {"name": name},
        next=_("Choose another name, or give that cluster new credentials."),
    )


def _title(value: Any) -> str:
    text = _single_line(value)
    if len(text) > 200:
        raise ValidationError(_("Use at most 200 characters."), "max_length")
    return text


def _environment(value: Any) -> str:
    text = _single_line(value)
    if text:
        dns_label(text)
    return text


def _labels(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or len(value) > _MAX_LABELS:
        raise ValidationError(
            _("Labels are at most %(count)d pairs of key and value.") % {"count": _MAX_LABELS}, "labels"
        )
    for key, label in value.items():
        if not isinstance(label, str) or not _LABEL_KEY.match(key) or not _LABEL_VALUE.match(label):
            raise ValidationError(
                _("“%(key)s” is not a label as Kubernetes has them.") % {"key": str(key)[:80]}, "labels"
            )
    return value


def _prometheus_url(value: Any) -> str:
    text = _single_line(value)
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or "@" in parts.netloc or parts.query or parts.fragment or not text.isascii() or " " in text:
        raise ValidationError(_("Write it as http://host:port, without user, query or fragment."), "url")
    return text.rstrip("/")


def _single_line(value: Any) -> str:
    text = str(value or "").strip()
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise ValidationError(_("Control characters are not allowed."), "control_character")
    return text


_CHECKS = {"title": _title, "environment": _environment, "labels": _labels, "prometheus_url": _prometheus_url}
