"""Settings that a portal outside of one's own machine does not start with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parent.parent.parent
PASSWORD = "kPz3-hV9w_2mQeX7"
GOOD = {
    "SLIPWAY_HOME": "/nowhere",
    "SLIPWAY_SECRET_KEY": "q9Zr5n2Lx8TfWc4Bv7Yk1Mj6Hd3Gs0Pa-Ue_Io9Rt5Ew2Qy8Xz4",
    "SLIPWAY_FIELD_KEYS": Fernet.generate_key().decode(),
    "SLIPWAY_ALLOWED_HOSTS": "slipway.example.com",
    "SLIPWAY_DATABASE_URL": "postgres://slipway@db/slipway",
    "SLIPWAY_DATABASE_PASSWORD": PASSWORD,
    "SLIPWAY_REDIS_URL": "rediss://broker:6379/0",
    "SLIPWAY_REDIS_PASSWORD": PASSWORD,
}


def loaded(**changes: str) -> subprocess.CompletedProcess[str]:
    """The settings in a process of their own."""
    given = {name: value for name, value in {**GOOD, **changes}.items() if value}
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SLIPWAY_") and k != "DJANGO_SETTINGS_MODULE"}
    code = "from portal import settings as s; print(s.REDIS_URL, s.LOGGING['json'], s.SESSION_COOKIE_SECURE)"
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**kept, **given}, capture_output=True, text=True, check=False
    )


def test_good_settings_are_taken() -> None:
    done = loaded()
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [f"rediss://:{PASSWORD}@broker:6379/0", "True", "True"]


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"SLIPWAY_SECRET_KEY": ""}, "SLIPWAY_SECRET_KEY"),
        ({"SLIPWAY_SECRET_KEY": "changeme"}, "SLIPWAY_SECRET_KEY"),
        ({"SLIPWAY_SECRET_KEY": "x" * 80}, "SLIPWAY_SECRET_KEY"),
        ({"SLIPWAY_FIELD_KEYS": ""}, "SLIPWAY_FIELD_KEYS"),
        ({"SLIPWAY_FIELD_KEYS": "not-a-key"}, "SLIPWAY_FIELD_KEYS"),
        ({"SLIPWAY_FIELD_KEYS": f"{'A' * 43}="}, "SLIPWAY_FIELD_KEYS"),
        ({"SLIPWAY_ALLOWED_HOSTS": "*"}, "SLIPWAY_ALLOWED_HOSTS"),
        ({"SLIPWAY_DATABASE_PASSWORD": "postgres"}, "SLIPWAY_DATABASE_PASSWORD"),
        ({"SLIPWAY_REDIS_PASSWORD": ""}, "SLIPWAY_REDIS_PASSWORD"),
        ({"SLIPWAY_REDIS_PASSWORD": "redis"}, "SLIPWAY_REDIS_PASSWORD"),
        ({"SLIPWAY_REDIS_URL": "redis://broker:6379/0"}, "rediss://"),
        ({"SLIPWAY_REDIS_URL": "rediss://broker:6379/0?ssl_cert_reqs=none"}, "certificate"),
        ({"SLIPWAY_DEBUG": "1"}, "SLIPWAY_DEBUG"),
        ({"SLIPWAY_SECRET_KEY": "", "SLIPWAY_SECRET_KEY_FILE": "/nowhere/key"}, "SLIPWAY_SECRET_KEY_FILE"),
    ],
)
def test_it_does_not_start_with(changes: dict[str, str], named: str) -> None:
    done = loaded(**changes)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode != 0 and "ImproperlyConfigured" in last
    assert named in last
    assert PASSWORD not in last and GOOD["SLIPWAY_FIELD_KEYS"] not in last


def test_secrets_come_from_files(tmp_path: Path) -> None:
    files = {}
    for name in ("SLIPWAY_SECRET_KEY", "SLIPWAY_FIELD_KEYS", "SLIPWAY_DATABASE_PASSWORD", "SLIPWAY_REDIS_PASSWORD"):
        file = tmp_path / name
        file.write_text(GOOD[name] + "\n")
        files |= {name: "", f"{name}_FILE": str(file)}
    done = loaded(**files)
    assert done.returncode == 0, done.stderr
    assert PASSWORD in done.stdout
