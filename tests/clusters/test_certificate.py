"""How long certificates and tokens are good is read from themselves; what cannot be read says nothing."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest

from clusters.connection.certificate import of_client, of_server, of_token


def jwt(claims: object) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{middle}.c2ln"


def test_a_token_of_a_service_account_tells_its_end():
    found = of_token(jwt({"exp": 1_800_000_000, "sub": "system:serviceaccount:slipway:slipway", "iss": "k"}))
    assert found is not None
    assert (found.of, found.subject) == ("token", "system:serviceaccount:slipway:slipway")
    assert found.expires_at == datetime.fromtimestamp(1_800_000_000, UTC)


@pytest.mark.parametrize(
    "token", ["", "opaque", "a.b.c", "a.!.c", jwt([]), jwt({}), jwt({"exp": "x"}), jwt({"exp": 1e40})]
)
def test_another_token_tells_nothing(token):
    assert of_token(token) is None


def test_what_is_no_certificate_tells_nothing():
    assert of_server(None) is of_server(b"x") is of_client("") is of_client("-----BEGIN CERTIFICATE-----") is None
