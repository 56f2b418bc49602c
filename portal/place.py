"""Where this installation keeps what is its own: SLIPWAY_HOME, its keys, and how to reach database and broker."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

if TYPE_CHECKING:
    from collections.abc import Callable

KEEP_CONNECTIONS = ("web", "worker", "beat", "watch")
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;PRAGMA journal_size_limit=67108864;PRAGMA temp_store=MEMORY;"
)


def flag(name: str, default: bool = False) -> bool:
    """Whether the environment variable says yes (1, true, yes, on)."""
    value = os.environ.get(name, "").strip().lower()
    return value in {"1", "true", "yes", "on"} if value else default


def words(name: str, default: str = "") -> list[str]:
    """The comma-separated words of an environment variable."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def secret(variable: str) -> str:
    """A secret from the environment, or from the file that NAME_FILE names; "" when neither is set.

    Raises ImproperlyConfigured for a file that cannot be read or is empty: then nobody meant to do without.
    """
    if value := os.environ.get(variable, "").strip():
        return value
    file = os.environ.get(f"{variable}_FILE", "").strip()
    if not file:
        return ""
    try:
        value = Path(file).read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{variable}_FILE: {file} cannot be read: {error.strerror}.") from error
    if not value:
        raise ImproperlyConfigured(f"{variable}_FILE: {file} is empty.")
    return value


def key(variable: str, file: Path, make: Callable[[], str], *, local: bool) -> str:
    """A secret of this installation: from the environment, or else from a file that only a local run makes.

    Raises ImproperlyConfigured when there is neither, so that nobody serves with a guessable key.
    """
    if value := secret(variable):
        return value
    if file.exists():
        return file.read_text().strip()
    if not local:
        raise ImproperlyConfigured(f"{variable} is not set. Set it, or SLIPWAY_LOCAL=1 for a run on your own machine.")
    return _write_once(file, make())


def _write_once(file: Path, value: str) -> str:
    """Write a 0600 file unless another process was faster; answer what the file then holds."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(value)
    try:
        os.link(draft, file)
    except FileExistsError:
        return file.read_text().strip()
    finally:
        draft.unlink()
    return value


def new_secret_key() -> str:
    """384 random bits, printable."""
    return secrets.token_urlsafe(48)


def new_field_key() -> str:
    """A key for encrypted columns."""
    return Fernet.generate_key().decode()


def database(home: Path) -> dict[str, Any]:
    """Django's DATABASES entry: SLIPWAY_DATABASE_URL (postgres://user:password@host:port/name), else SQLite at home.

    The password may stand in SLIPWAY_DATABASE_PASSWORD instead.
    """
    url = secret("SLIPWAY_DATABASE_URL")
    if not url:
        return sqlite(home / "slipway.sqlite3")
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return sqlite(Path(parts.path))
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ImproperlyConfigured("SLIPWAY_DATABASE_URL begins with neither postgres:// nor sqlite://.")
    return postgres(url, secret("SLIPWAY_DATABASE_PASSWORD"))


def postgres(url: str, password: str = "") -> dict[str, Any]:
    """PostgreSQL with a pool of connections for each process; parameters of the URL go to libpq (`sslmode` ...)."""
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": password or unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 12, "timeout": 10}, **dict(parse_qsl(parts.query))},
    }


def sqlite(file: Path) -> dict[str, Any]:
    """SQLite as several writing processes can share it: write-ahead log, immediate transactions, patient waiting.

    Processes whose threads live as long as they do keep their connections: whoever closes the last one of a file makes
    SQLite move the whole log into it, which would happen many times a second.
    """
    keeps = os.environ.get("SLIPWAY_PROCESS") in KEEP_CONNECTIONS
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": file,
        "CONN_MAX_AGE": 60 if keeps else 0,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 20, "init_command": SQLITE_PRAGMAS},
        "TEST": {"NAME": file.with_name("test.sqlite3")},
    }


def redis_url(home: Path) -> str:
    """The URL redis-py takes: SLIPWAY_REDIS_URL, else what the supervisor wrote down, else its local default.

    The password may stand in SLIPWAY_REDIS_PASSWORD instead; SLIPWAY_REDIS_CA is the file with the certificate of the
    authority that signed the server's.
    """
    if url := secret("SLIPWAY_REDIS_URL"):
        return _completed(url, secret("SLIPWAY_REDIS_PASSWORD"), os.environ.get("SLIPWAY_REDIS_CA", "").strip())
    noted = home / "run" / "redis-url"
    return noted.read_text().strip() if noted.exists() else "redis://localhost:6379/0"


def _completed(url: str, password: str, ca_file: str) -> str:
    if not (password or ca_file):
        return url
    parts = urlsplit(url)
    netloc, query = parts.netloc, dict(parse_qsl(parts.query))
    if password:
        netloc = f"{parts.username or ''}:{quote(password, safe='')}@{netloc.rpartition('@')[2]}"
    if ca_file:
        query["ssl_ca_certs"] = ca_file
    return urlunsplit(parts._replace(netloc=netloc, query=urlencode(query, safe="/")))


def broker_url(url: str) -> str:
    """The same place as Celery spells it: a unix socket is `redis+socket://`, and a certificate is only looked at when
    the URL says so."""
    parts = urlsplit(url)
    if parts.scheme == "rediss":
        query = {"ssl_cert_reqs": "required", "ssl_check_hostname": "true", **dict(parse_qsl(parts.query))}
        return urlunsplit(parts._replace(query=urlencode(query, safe="/")))
    if parts.scheme != "unix":
        return url
    database_number = dict(parse_qsl(parts.query)).get("db", "0")
    password = f":{quote(unquote(parts.password), safe='')}@" if parts.password else ""
    return f"redis+socket://{password}{parts.path}?virtual_host={database_number}"
