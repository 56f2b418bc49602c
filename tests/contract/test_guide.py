"""The lines of docs/api.md do what the page says."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import Team, User
from tests.factories.accounts import token_of
from tests.factories.deployments import checkout_target, new_release
from tests.web_process import web_process

GUIDE = Path(settings.BASE_DIR) / "docs" / "api.md"
BLOCKS = re.findall(r"^```sh\n(.*?)^```$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def environment(transactional_db: None, valkey: object, admin: User, payments: Team) -> Iterator[dict[str, str]]:
    """What the reader has after the first block, with a release that has succeeded."""
    release = new_release(checkout_target(payments, "dev"), phase="Succeeded")
    with web_process() as port:
        yield {
            "PATH": os.environ["PATH"],
            "SLIPWAY_URL": f"http://localhost:{port}",
            "SLIPWAY_TOKEN": token_of(admin),
            "RELEASE": str(release.pk),
        }


def test_every_block_answers_what_the_page_says(environment: dict[str, str], tmp_path: Path) -> None:
    first, *blocks = BLOCKS
    assert first.startswith("export SLIPWAY_URL=")
    for block in blocks:
        command, _hash, said = block.rstrip().rpartition("\n# ")
        shell = ["bash", "-euo", "pipefail", "-c", command]
        done = subprocess.run(
            shell, check=False, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60
        )
        assert (done.stdout.strip(), done.returncode) == (said, 0), f"{command}\n{done.stderr}"
    assert len(blocks) >= 9
