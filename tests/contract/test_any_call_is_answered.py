"""Whatever a caller sends along the schema is answered in the promised form, and never by a crash."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from portal.openapi import document
from tests.callers import ApiClient
from tests.factories.accounts import new_user

CALLS = settings(
    max_examples=8,
    phases=[Phase.generate],
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
OPERATIONS = [(method, path) for path, methods in document()["paths"].items() for method in methods]


@pytest.fixture(scope="session")
def schema() -> Any:
    return schemathesis.openapi.from_dict(document())


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_any_call_is_answered(valkey: object, db: None, schema: Any, method: str, path: str) -> None:
    caller = ApiClient.of(new_user("ada", is_admin=True))
    operation = schema[path][method.upper()]

    @CALLS
    @given(data=st.data())
    def holds(data: Any) -> None:
        case = data.draw(operation.as_strategy())
        answer = called(caller, case)
        assert answer.status_code < 500, answer.text
        if answer.is_client_error:
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.json()["status"] == answer.status_code
        operation.validate_response(answer)

    holds()


def called(caller: ApiClient, case: Any) -> httpx.Response:
    """The answer to one made-up call."""
    url = f"{case.formatted_path}?{urlencode(dict(case.query or {}), doseq=True)}"
    body = json.dumps(case.body, default=str) if case.media_type else ""
    answer = caller.generic(case.method, url, body, content_type="application/json")
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    request = httpx.Request(case.method, f"http://testserver{case.path}")
    response = httpx.Response(answer.status_code, headers=dict(answer.headers), content=content, request=request)
    response.elapsed = timedelta(0)
    return response
