"""Keys, database and broker of an installation."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from portal import place


def test_a_local_run_makes_a_key_once_that_only_its_owner_reads(tmp_path: Path) -> None:
    file = tmp_path / "keys" / "secret-key"
    made = place.key("NO_SUCH_VARIABLE", file, place.new_secret_key, local=True)
    assert len(made) >= 64
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert place.key("NO_SUCH_VARIABLE", file, place.new_secret_key, local=True) == made


def test_the_environment_outranks_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "given")
    assert place.key("SOME_KEY", tmp_path / "key", place.new_secret_key, local=True) == "given"
    assert not (tmp_path / "key").exists()


def test_elsewhere_a_missing_key_stops_the_boot(tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="SOME_KEY is not set"):
        place.key("SOME_KEY", tmp_path / "key", place.new_secret_key, local=False)


def test_a_database_is_named_by_its_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLIPWAY_DATABASE_URL", "postgres://ana:p%40ss@db.example:5433/slipway?sslmode=require")
    entry = place.database(tmp_path)
    assert (entry["USER"], entry["PASSWORD"], entry["HOST"], entry["PORT"]) == ("ana", "p@ss", "db.example", "5433")
    assert (entry["NAME"], entry["OPTIONS"]["sslmode"]) == ("slipway", "require")
    monkeypatch.setenv("SLIPWAY_DATABASE_URL", "mysql://x")
    with pytest.raises(ImproperlyConfigured):
        place.database(tmp_path)


def test_celery_is_told_a_socket_in_its_own_spelling() -> None:
    assert place.broker_url("unix://:p%40@/run/v.sock?db=3") == "redis+socket://:p%40@/run/v.sock?virtual_host=3"
    assert place.broker_url("redis://:pw@localhost:6379/0") == "redis://:pw@localhost:6379/0"


def test_celery_is_told_to_look_at_the_certificate_of_the_broker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SLIPWAY_REDIS_URL", "rediss://redis:6380/0")
    monkeypatch.setenv("SLIPWAY_REDIS_PASSWORD", "p@ss")
    monkeypatch.setenv("SLIPWAY_REDIS_CA", "/etc/ca.pem")
    url = place.redis_url(tmp_path)
    assert url == "rediss://:p%40ss@redis:6380/0?ssl_ca_certs=/etc/ca.pem"
    assert place.broker_url(url) == (
        "rediss://:p%40ss@redis:6380/0?ssl_cert_reqs=required&ssl_check_hostname=true&ssl_ca_certs=/etc/ca.pem"
    )
