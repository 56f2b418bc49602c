"""What may stand in a Service's row."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from services.models import Service
from services.rules.findings import Check, Findings, escaped

FIELDS = {
    "name",
    "title",
    "description",
    "lifecycle",
    "system",
    "tags",
    "links",
    "annotations",
    "depends_on",
    "provides_apis",
}
RESERVED = {"new", "import"}
_TAG = re.compile(r"\A[a-z0-9][a-z0-9+#.:-]{0,62}\Z")


def checked_service(values: Mapping[str, Any]) -> dict[str, Any]:
    """The given fields of a Service, cleaned. Fields that are not given are not in the answer.

    Raises Invalid with every finding.
    """
    findings = Findings()
    checks: dict[str, Check] = {
        "name": lambda pointer, value: _own_name(findings, pointer, value),
        "title": lambda pointer, value: findings.text(pointer, value, longest=120),
        "description": lambda pointer, value: findings.text(pointer, value, longest=4000),
        "lifecycle": lambda pointer, value: findings.choice(pointer, value, list(Service.Lifecycle.values)),
        "system": lambda pointer, value: findings.name(pointer, value, required=False),
        "tags": lambda pointer, value: _tags(findings, pointer, value),
        "links": lambda pointer, value: _links(findings, pointer, value),
        "annotations": lambda pointer, value: _annotations(findings, pointer, value),
        "depends_on": lambda pointer, value: _names(findings, pointer, value),
        "provides_apis": lambda pointer, value: _texts(findings, pointer, value),
    }
    clean: dict[str, Any] = {}
    for field, value in values.items():
        if field in checks:
            clean[field] = checks[field](f"/{field}", value)
        else:
            findings.add(f"/{escaped(field)}", "unknown_field", _("A service has no such field."))
    name = clean.get("name")
    if name and name in clean.get("depends_on", []):
        findings.add("/depends_on", "itself", _("A service cannot depend on itself."))
    findings.raise_if_any()
    return clean


def _own_name(findings: Findings, pointer: str, value: Any) -> str:
    name = findings.name(pointer, value)
    if name in RESERVED:
        findings.add(pointer, "reserved", _("“%(name)s” is an address of the portal itself.") % {"name": name})
        return ""
    return name


def is_web_link(url: str) -> bool:
    """Whether following the address is harmless: http or https with a host, and nothing that hides where it leads."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return False


def _tags(findings: Findings, pointer: str, value: Any) -> list[str]:
    tags: list[str] = []
    for index, tag in enumerate(findings.items(pointer, value, most=32)):
        if not isinstance(tag, str) or not _TAG.match(tag):
            findings.add(
                f"{pointer}/{index}",
                "tag",
                _("A tag has up to 63 lower-case letters, digits and the signs + # . : -"),
            )
        elif tag not in tags:
            tags.append(tag)
    return tags


def _links(findings: Findings, pointer: str, value: Any) -> list[dict[str, str]]:
    links: list[dict[str, str]] = []
    for index, link in enumerate(findings.items(pointer, value, most=20)):
        here = f"{pointer}/{index}"
        members = findings.members(here, link, known={"title", "url"})
        url = findings.text(f"{here}/url", members.get("url", ""), longest=2000)
        title = findings.text(f"{here}/title", members.get("title", ""), longest=80)
        if url and not any(sign.isspace() for sign in url) and is_web_link(url):
            links.append({"title": title or (urlsplit(url).hostname or url), "url": url})
        elif isinstance(link, dict):
            findings.add(f"{here}/url", "url", _("A link begins with http:// or https:// and names a host."))
    return links


def _annotations(findings: Findings, pointer: str, value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        findings.add(pointer, "type", _("This has to be an object of texts."))
        return {}
    if len(value) > 100:
        findings.add(pointer, "too_many", _("At most 100 annotations are accepted."))
        return {}
    clean: dict[str, str] = {}
    for key, text in value.items():
        here = f"{pointer}/{escaped(key)}"
        name = findings.text(here, key, longest=253)
        clean[name] = findings.text(here, text, longest=4000)
    return clean


def _names(findings: Findings, pointer: str, value: Any) -> list[str]:
    names: list[str] = []
    for index, item in enumerate(findings.items(pointer, value, most=200)):
        name = findings.name(f"{pointer}/{index}", item)
        if name and name not in names:
            names.append(name)
    return names


def _texts(findings: Findings, pointer: str, value: Any) -> list[str]:
    texts: list[str] = []
    for index, item in enumerate(findings.items(pointer, value, most=200)):
        text = findings.text(f"{pointer}/{index}", item, longest=253)
        if text and text not in texts:
            texts.append(text)
    return texts
