"""docker-compose.yml: no secret in it, no default that opens a door, nothing published that need not be."""

from __future__ import annotations

import re
import ssl
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from tests.production import compose
from tests.production.site import GIVEN, Site

SERVICES = compose.document()["services"]
OURS = ("migrate", *compose.PROCESSES)


def test_every_process_is_a_service_of_the_one_image() -> None:
    assert {service for service in SERVICES if "slipway" in SERVICES[service]["image"]} == set(OURS)
    for name in compose.PROCESSES:
        assert compose.command(name) == [name]
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


def test_it_does_not_start_before_somebody_said_for_which_hosts() -> None:
    with pytest.raises(compose.NotSet, match="SLIPWAY_ALLOWED_HOSTS"):
        compose.environment("web", {}, Path("/nowhere"), {})


def test_secrets_are_files_and_nowhere_else() -> None:
    text = compose.FILE.read_text()

    assert re.findall(r"(?i)^\s*\S*(?:password|secret_key|field_keys):[ ]+(?!/run/secrets/)\S+", text, re.M) == []
    for name in OURS:
        told = SERVICES[name]["environment"]
        secret = {key: value for key, value in told.items() if re.search("PASSWORD|KEY", key)}
        assert len(secret) == 4 and all(value.startswith("/run/secrets/") for value in secret.values())
        assert {value.removeprefix("/run/secrets/") for value in secret.values()} <= set(SERVICES[name]["secrets"])


def test_only_the_pages_are_published_and_only_to_a_proxy_on_the_same_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}

    assert list(published) == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in published["web"])


@pytest.mark.parametrize("name", OURS)
def test_our_containers_can_do_as_little_as_possible(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] and service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


def test_secrets_are_made_once_and_differ_between_installations(tmp_path: Path) -> None:
    script = compose.ROOT / "deploy/compose/make-secrets.sh"
    for folder in ("one", "other", "one"):
        before = {file.name: file.read_bytes() for file in (tmp_path / folder).glob("*")}
        subprocess.run([script, tmp_path / folder], check=True, capture_output=True)
        after = {file.name: file.read_bytes() for file in (tmp_path / folder).glob("*")}
        assert before == {name: after[name] for name in before}

    for name in ("secret-key", "field-keys", "database-password", "redis-password", "redis-key.pem"):
        assert (tmp_path / "one" / name).read_bytes() != (tmp_path / "other" / name).read_bytes()
    assert (tmp_path / "one").stat().st_mode & 0o077 == 0
    wanted = {Path(entry["file"]).name for entry in compose.document()["secrets"].values()}
    assert wanted <= {file.name for file in (tmp_path / "one").iterdir()}


def test_a_broker_takes_nobody_without_password_and_tls(site: Site) -> None:
    ca, password = str(site.secrets / "redis-ca.pem"), (site.secrets / "redis-password").read_text()
    tls = {"host": "localhost", "port": site.redis_port, "ssl": True, "ssl_ca_certs": ca}
    with redis.Redis(**tls, password=password) as good:
        assert good.ping()
    with redis.Redis(**tls) as nameless, pytest.raises(redis.AuthenticationError):
        nameless.ping()
    with (
        redis.Redis(host="localhost", port=site.redis_port, password=password) as clear,
        pytest.raises((redis.ConnectionError, ssl.SSLError)),
    ):
        clear.ping()


def test_a_portal_does_not_talk_to_a_broker_with_another_certificate(site: Site, tmp_path: Path) -> None:
    subprocess.run(
        [compose.ROOT / "deploy/compose/make-secrets.sh", tmp_path / "other"], check=True, capture_output=True
    )
    told = site.environment("once", "migrate") | {"SLIPWAY_REDIS_CA": str(tmp_path / "other" / "redis-ca.pem")}
    code = (
        "import django; django.setup()\n"
        "from portal import health; from portal.celery import app\n"
        "print(health.broker())\n"
        "try: app.connection().ensure_connection(max_retries=1, timeout=5)\n"
        "except Exception as error: print(type(error).__name__)\n"
        "else: print('connected')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=compose.ROOT,
        env={**told, "DJANGO_SETTINGS_MODULE": "portal.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    said, celery = done.stdout.split("\n")[:2]
    assert "does not answer" in said and celery != "connected", done.stdout
    assert GIVEN["SLIPWAY_ALLOWED_HOSTS"] == told["SLIPWAY_ALLOWED_HOSTS"]
