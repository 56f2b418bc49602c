"""Schemathesis against a whole portal over HTTP, as somebody outside would run it; takes minutes.

Usage: python -m tests.contract.outside [options of `schemathesis run`]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.portal_run import PortalRun

CONFIG = Path(__file__).with_name("schemathesis.toml")
LIMITS = {"SLIPWAY_RATE_LIMIT": "10000000", "SLIPWAY_ANONYMOUS_RATE_LIMIT": "10000000", "SLIPWAY_OPEN_CALLS": "1000"}
# By these the caller would take its own rights away in the middle of the run.
LEFT_OUT = ("tokens_edit", "tokens_revoke", "tokens_rotate", "users_partial_update", "reset_second_factor")
USUAL = ("--phases", "coverage,fuzzing", "--max-examples", "20", "--workers", "2", "--warnings", "off")


def main(options: list[str]) -> int:
    """Start a portal, call all of its API as an admin, and answer Schemathesis' exit code."""
    with tempfile.TemporaryDirectory(prefix="slipway-outside-") as home:
        portal = PortalRun(Path(home), "--no-sandbox", settings=LIMITS)
        try:
            portal.start()
            token = portal.manage("create_token", "admin", "--name", "outside")
            program = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG), "run"]
            asked = [f"{portal.url}/api/v1/schema/", "--header", f"Authorization: Bearer {token}", "--checks", "all"]
            left_out = [word for name in LEFT_OUT for word in ("--exclude-operation-id", name)]
            return subprocess.run(
                [*program, *asked, "--continue-on-failure", *left_out, *(options or USUAL)], cwd=home, check=False
            ).returncode
        finally:
            portal.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
