"""What a portal that others can reach refuses to start with: guessable secrets, open doors, a broker in clear text."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Sequence

SHORTEST_SECRET_KEY = 50
SHORTEST_PASSWORD = 16
FEWEST_DIFFERENT = 8


def refuse_what_is_unsafe(
    *,
    debug: bool,
    secret_key: str,
    field_keys: Sequence[str],
    allowed_hosts: Sequence[str],
    database: dict[str, Any],
    redis_url: str,
) -> None:
    """Raise ImproperlyConfigured with every reason not to serve with these settings; the values are in no message."""
    problems = [
        *(["SLIPWAY_DEBUG shows settings and source to everybody: take it away."] if debug else []),
        *_of_secret_key(secret_key),
        *_of_field_keys(field_keys),
        *_of_hosts(allowed_hosts),
        *_of_database(database),
        *_of_redis(redis_url),
    ]
    if problems:
        raise ImproperlyConfigured(" ".join(problems))


def _of_secret_key(key: str) -> list[str]:
    if len(key) >= SHORTEST_SECRET_KEY and len(set(key)) >= FEWEST_DIFFERENT:
        return []
    return [f"SLIPWAY_SECRET_KEY is guessable: {SHORTEST_SECRET_KEY} random characters or more are needed."]


def _of_field_keys(keys: Sequence[str]) -> list[str]:
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            return ["SLIPWAY_FIELD_KEYS holds something that is no Fernet key (32 random bytes in URL-safe base64)."]
        if len(set(key)) < FEWEST_DIFFERENT:
            return ["SLIPWAY_FIELD_KEYS holds a guessable key."]
    return []


def _of_hosts(hosts: Sequence[str]) -> list[str]:
    if any(host in {"*", "."} for host in hosts):
        return ["SLIPWAY_ALLOWED_HOSTS may not allow every host: name those that people use."]
    return []


def _of_database(database: dict[str, Any]) -> list[str]:
    # Without a password the server itself must know the caller, by certificate or by the user of the process.
    password = database.get("PASSWORD", "")
    return _of_password("SLIPWAY_DATABASE_PASSWORD", password) if password else []


def _of_redis(url: str) -> list[str]:
    parts = urlsplit(url)
    problems = _of_password("SLIPWAY_REDIS_PASSWORD", unquote(parts.password or ""))
    if parts.scheme not in {"rediss", "unix"} and not _is_loopback(parts.hostname or ""):
        problems.append("SLIPWAY_REDIS_URL must begin with rediss://, since the broker is on another machine.")
    if "ssl_cert_reqs=none" in parts.query.lower() or "ssl_check_hostname=false" in parts.query.lower():
        problems.append("SLIPWAY_REDIS_URL may not turn off the check of the server's certificate.")
    return problems


def _of_password(name: str, password: str) -> list[str]:
    if len(password) >= SHORTEST_PASSWORD and len(set(password)) >= FEWEST_DIFFERENT:
        return []
    return [f"{name} is missing or guessable: {SHORTEST_PASSWORD} random characters or more are needed."]


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
