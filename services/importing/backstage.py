"""catalog-info.yaml as Backstage writes it: entities of kind Component become services. Pure."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from services.importing.documents import documents_of
from services.importing.entries import Entry, Found, Unusable
from services.rules.service import checked_service
from web.errors import Invalid

_WHERE = {
    "name": "/metadata/name",
    "title": "/metadata/title",
    "description": "/metadata/description",
    "tags": "/metadata/tags",
    "links": "/metadata/links",
    "annotations": "/metadata/annotations",
    "lifecycle": "/spec/lifecycle",
    "system": "/spec/system",
    "depends_on": "/spec/dependsOn",
    "provides_apis": "/spec/providesApis",
}


def found_in_yaml(text: str) -> Found:
    """The services of a catalog file. Raises CatalogUnreadable when it is no YAML at all."""
    entries: list[Entry] = []
    invalid: list[Unusable] = []
    skipped: list[Unusable] = []
    for index, document in enumerate(documents_of(text)):
        if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
            invalid.append(Unusable(index, "/kind", _("The document is no catalog entity: it has no kind.")))
        elif document["kind"] != "Component":
            name = _section(document, "metadata").get("name", "")
            detail = _("Entities of kind %(kind)s are not imported.") % {"kind": document["kind"]}
            skipped.append(Unusable(index, "/kind", detail, str(name)))
        else:
            entry, errors = _component(index, document)
            invalid += errors
            if entry is not None:
                entries.append(entry)
    return Found(entries, invalid + _named_twice(entries), skipped)


def _component(index: int, document: dict[str, Any]) -> tuple[Entry | None, list[Unusable]]:
    metadata, spec = _section(document, "metadata"), _section(document, "spec")
    fields: dict[str, Any] = {
        "name": metadata.get("name", ""),
        "title": metadata.get("title", ""),
        "description": metadata.get("description", ""),
        "tags": metadata.get("tags") or [],
        "links": _links(metadata.get("links") or []),
        "annotations": metadata.get("annotations") or {},
        "lifecycle": spec.get("lifecycle", ""),
        "system": _name_in(spec.get("system", "")),
        "depends_on": _components(spec.get("dependsOn") or []),
        "provides_apis": spec.get("providesApis") or [],
    }
    given = {field: value for field, value in fields.items() if value or field == "name"}
    try:
        clean = checked_service(given)
    except Invalid as refusal:
        shown = str(fields["name"])[:80]
        return None, [Unusable(index, _where(error["pointer"]), error["detail"], shown) for error in refusal.errors]
    name = clean.pop("name")
    return Entry(index, name, _owner(spec.get("owner", "")), clean), []


def _section(document: dict[str, Any], key: str) -> dict[str, Any]:
    section = document.get(key)
    return section if isinstance(section, dict) else {}


def _where(pointer: str) -> str:
    field, slash, rest = pointer.removeprefix("/").partition("/")
    return _WHERE.get(field, f"/{field}") + slash + rest


def _links(links: Any) -> Any:
    """Without the icon and the type that Backstage gives a link; what is no list of objects is left for the check."""
    if not isinstance(links, list):
        return links
    return [
        {key: value for key, value in link.items() if key in {"title", "url"}} if isinstance(link, dict) else link
        for link in links
    ]


def _name_in(reference: Any) -> Any:
    """The name in an entity reference `[kind:][namespace/]name`."""
    return reference.rpartition(":")[2].rpartition("/")[2] if isinstance(reference, str) else reference


def _components(references: Any) -> Any:
    """The names of the components among the references: a database or a queue is no service of the catalog."""
    if not isinstance(references, list):
        return references
    return [
        _name_in(reference)
        for reference in references
        if not isinstance(reference, str) or ":" not in reference or reference.lower().startswith("component:")
    ]


def _owner(reference: Any) -> str:
    """The team that owns the component; "" when the owner is a person or missing."""
    if not isinstance(reference, str) or reference.lower().startswith("user:"):
        return ""
    return str(_name_in(reference))


def _named_twice(entries: list[Entry]) -> list[Unusable]:
    """Takes later entities of a name that an earlier one has out of `entries` and answers them as unusable."""
    seen: set[str] = set()
    twice: list[Unusable] = []
    for entry in list(entries):
        if entry.name in seen:
            entries.remove(entry)
            twice.append(Unusable(entry.index, "/metadata/name", _("The file has this name twice."), entry.name))
        seen.add(entry.name)
    return twice
