"""A running portal with the demo shop on its sandbox, and the command in front of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.command import Cli
from tests.cli.scripted import Scripted
from tests.run.slipway import Slipway, wait_until

SANDBOX_SECONDS = 180
PASSWORD = "correct-horse-battery-9"


class Shop:
    """The portal as an admin prepares it for a test."""

    def __init__(self, run: Slipway) -> None:
        self.run = run
        self.url = run.url
        self.tokens: dict[str, str] = {}
        self.api = httpx.Client(
            base_url=f"{run.url}/api/v1/",
            headers={"Authorization": f"Bearer {self.token('admin')}"},
            timeout=90,
            trust_env=False,
        )

    def token(self, user: str) -> str:
        """A token of that person, made at the command line as the README says."""
        if user not in self.tokens:
            self.tokens[user] = self.run.manage("create_token", user, "--name", "ci")
        return self.tokens[user]

    def person(self, name: str, team: str, role: str) -> str:
        """A person with a role in a team; answers their token."""
        made = self.api.post("users/", json={"username": name, "password": PASSWORD})
        assert made.status_code in (201, 409), made.text
        joined = self.api.post(f"teams/{team}/members/", json={"user": name, "role": role})
        assert joined.status_code in (200, 201, 409), joined.text
        return self.token(name)

    def edit_environment(self, name: str, **fields: Any) -> None:
        answer = self.api.patch(f"environments/{name}/", json=fields)
        assert answer.status_code == 200, answer.text

    def releases(self, service: str, environment: str, *versions: str) -> list[dict[str, Any]]:
        """Newest first; of these versions alone where any are named, as all tests of a run share the portal."""
        rows: list[dict[str, Any]] = self.api.get(
            "releases/", params={"service": service, "environment": environment, "limit": 200}
        ).json()["results"]
        return [row for row in rows if not versions or row["version"] in versions]

    def release(self, release_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(f"releases/{release_id}/").json()
        return found

    def until(self, release_id: str, status: str, seconds: float = 60) -> None:
        wait_until(lambda: self.release(release_id)["status"] == status, seconds, f"{release_id} is {status}")


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """`make run` in an empty home, once the shop has been imported."""
    run = Slipway(tmp_path_factory.mktemp("cli-portal"), "--sandbox")
    try:
        run.start()
        wait_until(lambda: "first-steps is done" in run.log(), SANDBOX_SECONDS, "the shop is imported")
        wait_until(run.is_ready, 60, "everything answers")
        prepared = Shop(run)
        yield prepared
        prepared.api.close()
    finally:
        run.stop()


@pytest.fixture
def cli(shop: Shop, tmp_path: Path) -> Cli:
    """The command with an admin's token."""
    return Cli(tmp_path, SLIPWAY_URL=shop.url, SLIPWAY_TOKEN=shop.token("admin"))


@pytest.fixture
def alone(tmp_path: Path) -> Cli:
    """The command without a portal."""
    return Cli(tmp_path, SLIPWAY_RETRY_SECONDS="1")


@pytest.fixture
def scripted() -> Iterator[Callable[..., Scripted]]:
    """`scripted(answer, answer, ...)`: a server that gives these answers one after the other, whatever is asked."""
    made: list[Scripted] = []

    def make(*answers: Any) -> Scripted:
        made.append(Scripted(list(answers)))
        return made[-1]

    yield make
    for server in made:
        server.close()
