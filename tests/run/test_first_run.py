"""A first run with its sandbox, as the README tells it."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.portal_run import ROOT
from tests.run.slipway import Slipway, wait_until

pytestmark = pytest.mark.sandbox
SANDBOX_SECONDS = 120


@pytest.fixture(scope="module")
def seen() -> list[str]:
    """What the sandbox cluster was said to be, from the first page on."""
    return []


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slipway]:
    """A portal with a sandbox of its own, started in an empty home."""
    run = Slipway(tmp_path_factory.mktemp("home"), "--sandbox")
    try:
        run.start()
        yield run
    finally:
        run.stop()


@pytest.fixture(scope="module")
def api(first_run: Slipway, seen: list[str]) -> Iterator[httpx.Client]:
    """The REST API with a token made as the README says, once the shop is imported."""
    headers = {"Authorization": f"Bearer {first_run.manage('create_token', 'admin', '--name', 'test')}"}
    with httpx.Client(base_url=f"{first_run.url}/api/v1/", headers=headers, timeout=90, trust_env=False) as client:
        while not seen or seen[-1] != "connected":
            answer = client.get("clusters/sandbox/")
            seen += [answer.json()["status"]] if answer.status_code == 200 else ["absent"]
            time.sleep(0.1)
        wait_until(lambda: "first-steps is done" in first_run.log(), SANDBOX_SECONDS, "the shop is imported")
        yield client


def test_the_sandbox_is_a_cluster_from_the_first_page_on(api: httpx.Client, seen: list[str]) -> None:
    told = [row["action"] for row in api.get("audit/", params={"limit": 200}).json()["results"]]

    # How long it is building depends on the machine; that it was shown before anybody could look does not.
    assert "cluster.announce" in told
    assert set(seen) <= {"building", "connected"}


def test_the_shop_is_in_the_catalog_with_a_target_in_every_environment(api: httpx.Client) -> None:
    services = [row["name"] for row in api.get("services/").json()["results"]]
    environments = [row["name"] for row in api.get("environments/").json()["results"]]

    assert len(services) == 8
    assert environments == ["dev", "staging", "prod"]
    assert targets(api, services) == {name: set(environments) for name in services}


def targets(api: httpx.Client, services: list[str]) -> dict[str, set[str]]:
    """The environments of each service."""

    def rows(name: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = api.get(f"services/{name}/targets/").json()["results"]
        return listed

    return {name: {row["environment"] for row in rows(name)} for name in services}


def test_the_commands_of_the_readme_do_what_it_says(first_run: Slipway, api: httpx.Client) -> None:
    readme = (ROOT / "README.md").read_text()
    (script,) = re.findall(r"### The same with curl\n\n```sh\n(.*?)```", readme, re.DOTALL)
    script = script.replace("SLIPWAY_HOME=.slipway", f"SLIPWAY_HOME={first_run.home}").replace(
        ":8000", f":{first_run.port}"
    )

    answer = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT,
        env={**first_run.environment(), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert '"template_diff":' in answer.stdout
    assert '"status":"succeeded"' in answer.stdout
    assert '"kind":"release.succeed"' in answer.stdout


def test_a_second_start_finds_everything_as_it_was(first_run: Slipway, api: httpx.Client) -> None:
    before = api.get("clusters/sandbox/").json()
    first_run.stop()
    assert first_run.alive() == set()

    first_run.start()

    wait_until(lambda: first_run.log().count("first-steps is done") == 2, SANDBOX_SECONDS, "the first steps, again")
    after = api.get("clusters/sandbox/").json()
    assert (after["id"], after["api_url"]) == (before["id"], before["api_url"])
    assert api.get("clusters/").json()["count"] == 1
    assert api.get("services/").json()["count"] == 8


def test_status_tells_of_the_sandbox(first_run: Slipway) -> None:
    assert "sandbox: ready" in first_run.call("status").stdout
