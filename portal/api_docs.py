"""The schema as JSON, and as a page to read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib.auth.decorators import login_required
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from portal.openapi import document
from web.api import ApiView
from web.fragments import render_page

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from rest_framework.request import Request

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass
class Field:
    """One parameter or member of a body."""

    name: str
    kind: str
    required: bool = False
    text: str = ""


@dataclass
class Call:
    """One method of one address."""

    method: str
    path: str
    anchor: str
    text: str
    parameters: list[Field] = field(default_factory=list)
    body: list[Field] = field(default_factory=list)
    answers: list[tuple[str, list[Field]]] = field(default_factory=list)


class SchemaView(ApiView):
    """The OpenAPI document."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(document())


@login_required
def docs(request: HttpRequest) -> HttpResponse:
    """Every call with its parameters, body and answers."""
    return render_page(request, "portal/api_docs.html", {"groups": groups(document())})


def groups(schema: dict[str, Any]) -> dict[str, list[Call]]:
    """The calls of a schema by the first part of their address."""
    found: dict[str, list[Call]] = {}
    for path, operations in schema["paths"].items():
        for method in METHODS:
            if method in operations:
                group = path.removeprefix("/api/v1/").split("/")[0]
                found.setdefault(group, []).append(_call(schema, path, method, operations[method]))
    return dict(sorted(found.items()))


def _call(schema: dict[str, Any], path: str, method: str, operation: dict[str, Any]) -> Call:
    call = Call(method.upper(), path, operation["operationId"], operation.get("description", ""))
    for each in operation.get("parameters", []):
        parameter = _resolved(schema, each)
        kind = _kind(schema, parameter.get("schema", {}))
        call.parameters.append(
            Field(parameter["name"], kind, parameter.get("required", False), parameter.get("description", ""))
        )
    call.body = _members(schema, _json_schema(operation.get("requestBody", {})))
    for status, answer in operation["responses"].items():
        if status != "default":
            call.answers.append((status, _members(schema, _json_schema(_resolved(schema, answer)))))
    return call


def _json_schema(holder: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = holder.get("content", {}).get("application/json", {}).get("schema", {})
    return found


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """The part itself, or what its single reference points to."""
    if len(part.get("allOf", [])) == 1:
        part = part["allOf"][0]
    if "$ref" in part:
        kind, name = part["$ref"].split("/")[-2:]
        named: dict[str, Any] = schema["components"][kind][name]
        return named
    return part


def _members(schema: dict[str, Any], part: dict[str, Any]) -> list[Field]:
    part = _resolved(schema, part)
    if part.get("type") == "array":
        part = _resolved(schema, part.get("items", {}))
    required = set(part.get("required", []))
    return [
        Field(name, _kind(schema, inner), name in required, inner.get("description", ""))
        for name, inner in part.get("properties", {}).items()
    ]


def _kind(schema: dict[str, Any], part: dict[str, Any]) -> str:
    """A type in a few words: `string`, `list of string`, `one of a, b`, the name of an object."""
    name = part.get("$ref", "").rsplit("/", 1)[-1]
    part = _resolved(schema, part)
    if "enum" in part:
        return "one of " + ", ".join(str(value) for value in part["enum"])
    if "oneOf" in part:
        return " or ".join(_kind(schema, choice) for choice in part["oneOf"])
    if part.get("type") == "array":
        return f"list of {_kind(schema, part.get('items', {}))}"
    kinds = part.get("type", "any")
    kind = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    return name or part.get("format") or kind
