"""What the OpenAPI schema says beyond what serializers tell.

Errors are problem documents, any JSON may be null, and each call names the conditional headers that its view honours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from drf_spectacular.openapi import AutoSchema

if TYPE_CHECKING:
    from web.api import ApiView

EDITS = {"PUT", "PATCH", "DELETE"}

PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem document.",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "request_id": {"type": "string"},
        "next": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {
                    "pointer": {"type": "string"},
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "blocked_by": {"type": "array", "items": {"type": "object"}},
    },
}

PROBLEM_BODY = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

# Each has its name in `components`; operations refer to it.
PARAMETERS: dict[str, dict[str, Any]] = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "Any text of the caller's own, kept for 24 hours: the same POST sent again under it is done "
        "once, and is given the first answer again with Idempotency-Replayed: true.",
        # Spaces at the ends are no part of a header's value.
        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag of what was read, or several with commas between, or *: where it is another one by "
        "now, nothing is changed. Without it the call takes whatever is there.",
        "schema": {"type": "string"},
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of an earlier answer, or several with commas between: where the answer would be the "
        "same again, it is 304 without a body.",
        "schema": {"type": "string"},
    },
}
HEADERS: dict[str, dict[str, Any]] = {
    "Replayed": {
        "description": "`true` where this is the first answer again; absent where the POST was done now.",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "TagOfEdits": {
        "description": "For If-Match. It counts edits by people, not what goes on by itself, so it cannot tell whether "
        "the answer is the same.",
        "schema": {"type": "string"},
    },
    "TagOfContent": {
        "description": "For If-None-Match. It changes whenever anything of the answer does.",
        "schema": {"type": "string"},
    },
}
RESPONSES: dict[str, dict[str, Any]] = {
    "KeyInUse": {
        "description": "The first call with this Idempotency-Key still runs (`idempotency_in_progress`), or the call "
        "cannot be done as things stand.",
        "content": PROBLEM_BODY,
    },
    "KeyReused": {
        "description": "The Idempotency-Key came before with another body or for another address "
        "(`idempotency_key_reused`), or values cannot be accepted.",
        "content": PROBLEM_BODY,
    },
    "ChangedSince": {
        "description": "Somebody edited it since the If-Match was read (`precondition_failed`); nothing is changed.",
        "content": PROBLEM_BODY,
    },
    "SameAsBefore": {
        "description": "The answer is still the one that If-None-Match names.",
        "headers": {"ETag": {"$ref": "#/components/headers/TagOfContent"}},
    },
}


class Schema(AutoSchema):
    """One operation, with the conditional headers that its view honours and what they may be answered by."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            self._add_headers(operation)
        return operation

    def _add_headers(self, operation: dict[str, Any]) -> None:
        view, method = cast("ApiView", self.view), self.method
        # Who carries a proof of another kind has no keys: they are kept per person.
        if method == "POST" and view.takes_key and view.authentication_classes:
            _take(operation, "IdempotencyKey", {"409": "KeyInUse", "422": "KeyReused"})
            _tell(operation, "2", "Idempotency-Replayed", "Replayed")
        if method in EDITS or view.called_as(method) in view.matching_posts:
            _take(operation, "IfMatch", {"412": "ChangedSince"})
        if method == "GET" and view.has_tag_of_edits(method):
            _tell(operation, "2", "ETag", "TagOfEdits")
        elif method == "GET" and "application/json" in operation["responses"].get("200", {}).get("content", {}):
            _take(operation, "IfNoneMatch", {"304": "SameAsBefore"})
            _tell(operation, "200", "ETag", "TagOfContent")


def _take(operation: dict[str, Any], parameter: str, answers: dict[str, str]) -> None:
    """The operation takes this header, which may cause these answers."""
    operation.setdefault("parameters", []).append({"$ref": f"#/components/parameters/{parameter}"})
    for code, name in answers.items():
        operation["responses"].setdefault(code, {"$ref": f"#/components/responses/{name}"})


def _tell(operation: dict[str, Any], codes: str, header: str, name: str) -> None:
    """Answers whose status begins like this carry this header."""
    for code, response in operation["responses"].items():
        if code.startswith(codes):
            response.setdefault("headers", {})[header] = {"$ref": f"#/components/headers/{name}"}


def add_headers(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular postprocessing hook: what operations refer to by `Schema`."""
    components = result.setdefault("components", {})
    components.update(parameters=PARAMETERS, headers=HEADERS, responses=RESPONSES)
    return result


def add_problems(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular postprocessing hook: `default` of every operation is the problem document."""
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    for operations in result.get("paths", {}).values():
        for operation in operations.values():
            operation["responses"].setdefault("default", {"description": "Refused or failed.", "content": PROBLEM_BODY})
    return result


def let_any_json_be_null(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """drf-spectacular postprocessing hook: `{}` allows null as well, so that "one of" the two never holds for it."""
    _simplify(result.get("components", {}))
    return result


def _simplify(node: Any) -> None:
    if isinstance(node, list):
        for one in node:
            _simplify(one)
    elif isinstance(node, dict):
        if node.get("oneOf") == [{}, {"type": "null"}]:
            del node["oneOf"]
        for one in node.values():
            _simplify(one)
