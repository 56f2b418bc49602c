"""The portal's own settings, in a home of this test run that is shared by its parallel workers."""

import os
import tempfile
from pathlib import Path

HOME_VARIABLE = "SLIPWAY_TEST_HOME"

if HOME_VARIABLE not in os.environ:
    os.environ[HOME_VARIABLE] = tempfile.mkdtemp(prefix="slipway-test-")
    os.environ["SLIPWAY_TEST_OWNER"] = str(os.getpid())

os.environ["SLIPWAY_HOME"] = os.environ[HOME_VARIABLE]
os.environ["SLIPWAY_LOCAL"] = "1"
Path(os.environ["SLIPWAY_HOME"], "static").mkdir(exist_ok=True)
for variable in ("SLIPWAY_DEBUG", "SLIPWAY_SECRET_KEY", "SLIPWAY_FIELD_KEYS", "SLIPWAY_ALLOWED_HOSTS"):
    os.environ.pop(variable, None)
# Each worker has a broker of its own; the fixture `valkey_server` starts it under this address.
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "main")
VALKEY_SOCKET = f"{os.environ['SLIPWAY_HOME']}/{WORKER}.sock"
os.environ["SLIPWAY_REDIS_URL"] = f"unix://:for-tests-only@{VALKEY_SOCKET}?db=0"
# All tests come from one address, and property tests begin hundreds of sign-ins.
os.environ["SLIPWAY_BEGUN_SIGN_INS"] = "100000"

from portal import place  # noqa: E402
from portal.settings import *  # noqa: E402, F403

# `make test` runs what is marked `both_databases` a second time, on a PostgreSQL that tests/conftest.py starts.
POSTGRES_FOLDER = Path(tempfile.gettempdir(), f"{Path(os.environ['SLIPWAY_HOME']).name}-postgres")
if os.environ.get("SLIPWAY_TEST_DATABASE") == "postgres":
    DATABASES = {"default": {**place.postgres("postgres://slipway@/slipway"), "HOST": str(POSTGRES_FOLDER)}}

PASSWORD_HASHERS = ["tests.hashers.QuickArgon2"]
