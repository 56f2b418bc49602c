"""`slipway login`: allowed in the browser, kept for the owner alone, revoked by `slipway logout`."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.command import Cli
from tests.cli.conftest import PASSWORD, Shop
from tests.cli.scripted import Cut, Reply, Scripted, problem

DEVICE = {
    "device_code": "d",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://slipway.example/device/",
    "verification_uri_complete": "https://slipway.example/device/?code=WDJB-MJHT",
    "expires_in": 600,
    "interval": 0,
}
GIVEN = {"access_token": "slip_given", "token_type": "Bearer", "token_id": "1", "user": "mia"}


class Browser:
    """A person at the portal's own forms."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, timeout=30, trust_env=False, follow_redirects=True)

    def post(self, page: str, path: str, **fields: str | list[str]) -> str:
        """Send a form that stands on `page`."""
        proof = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.http.get(page).text)
        assert proof
        answer = self.http.post(path, data={**fields, "csrfmiddlewaretoken": proof[1]})
        assert answer.status_code == 200, answer.text
        return answer.text


@pytest.fixture
def browser(shop: Shop) -> Iterator[Browser]:
    """Nora's, signed in."""
    shop.person("nora", "checkout", "developer")
    nora = Browser(shop.url)
    nora.post("/sign-in/", "/sign-in/", username="nora", password=PASSWORD)
    yield nora
    nora.http.close()


def hosts(cli: Cli) -> Path:
    return cli.home / ".config" / "slipway" / "hosts.json"


@pytest.mark.sandbox
def test_a_person_allows_it_in_the_browser(shop: Shop, browser: Browser, tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    running = cli.begin("login", "--url", shop.url, "--scope", "deploy")
    line = running.until_it_says("enter the code")
    code = line.rpartition(" ")[2]
    assert f"Open {shop.url}/device/ and" in line
    shown = browser.post("/device/", "/device/", code=code)
    assert "slipway CLI on " in shown
    browser.post("/device/", "/device/allow/", code=code, scopes=["deploy"], lasts="8h")

    ended = running.end()

    assert ended.code == 0, ended.err
    assert f"signed in to {shop.url} as nora" in ended.err
    assert stat.S_IMODE(hosts(cli).stat().st_mode) == 0o600
    assert stat.S_IMODE(hosts(cli).parent.stat().st_mode) == 0o700
    me = cli("whoami").out
    assert "user    nora" in me
    assert "may     deploy" in me
    assert "basket" in cli("services").out

    token = json.loads(hosts(cli).read_text())["hosts"][shop.url]["token"]
    assert cli("logout").code == 0
    assert json.loads(hosts(cli).read_text())["hosts"] == {}
    revoked = cli.with_(SLIPWAY_URL=shop.url, SLIPWAY_TOKEN=token)("whoami")
    assert (revoked.code, "(401)" in revoked.err) == (2, True)
    assert "slipway login --url" in cli.with_(SLIPWAY_URL=shop.url)("whoami").err


@pytest.mark.sandbox
def test_a_person_refuses_it(shop: Shop, browser: Browser, tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    running = cli.begin("login", "--url", shop.url)
    code = running.until_it_says("enter the code").rpartition(" ")[2]
    browser.post("/device/", "/device/refuse/", code=code)

    ended = running.end()

    assert ended.code == 2
    assert "refused in the browser" in ended.err
    assert not hosts(cli).exists()


@pytest.mark.sandbox
def test_a_token_is_taken_from_stdin_and_tried_before_it_is_kept(shop: Shop, tmp_path: Path) -> None:
    cli = Cli(tmp_path)
    assert cli("login", "--url", shop.url, "--with-token", given="slip_wrong\n").code == 2
    assert not hosts(cli).exists()
    kept = cli("login", "--url", shop.url, "--with-token", given=shop.token("admin") + "\n")
    assert (kept.code, kept.out) == (0, "")
    assert "user    admin" in cli("whoami").out


@pytest.mark.sandbox
def test_tokens_are_made_listed_and_revoked(cli: Cli, shop: Shop) -> None:
    made = cli("token", "create", "--name", "nightly", "--scope", "read", "--expires", "1d")
    assert made.code == 0
    raw = made.out.strip()
    assert re.fullmatch(r"slip_\S+", raw)
    (row,) = [row for row in cli("token", "list", "-o", "json").json if row["name"] == "nightly"]
    assert row["scopes"] == ["read"]
    assert raw not in json.dumps(row)
    assert cli.with_(SLIPWAY_TOKEN=raw)("whoami").code == 0
    assert cli("token", "revoke", row["id"]).code == 0
    assert cli.with_(SLIPWAY_TOKEN=raw)("whoami").code == 2


def test_it_asks_until_somebody_decides_and_more_slowly_when_told(
    alone: Cli, scripted: Callable[..., Scripted]
) -> None:
    pending = problem(400, "authorization_pending", error="authorization_pending")
    server = scripted(
        Reply(body=DEVICE), pending, Reply(503), pending, Reply(body=GIVEN), Reply(body={"username": "mia"})
    )
    ended = alone("login", "--url", server.url)
    assert ended.code == 0, ended.err
    assert "Open https://slipway.example/device/ and enter the code WDJB-MJHT" in ended.err
    assert [request.split(" ")[1] for request in server.asked] == [
        "/api/v1/auth/device/",
        *["/api/v1/auth/device/token/"] * 4,
        "/api/v1/me/",
    ]
    assert server.headers("Authorization") == [""] * 5 + ["Bearer slip_given"]


@pytest.mark.parametrize(
    ("word", "told"), [("access_denied", "refused in the browser"), ("expired_token", "Nobody allowed the sign-in")]
)
def test_how_it_ends_otherwise(alone: Cli, scripted: Callable[..., Scripted], word: str, told: str) -> None:
    server = scripted(Reply(body=DEVICE), problem(400, word, error=word))
    ended = alone("login", "--url", server.url)
    assert ended.code == 2
    assert told in ended.err
    assert not hosts(alone).exists()


def test_a_kept_token_goes_to_its_own_portal_alone(alone: Cli, scripted: Callable[..., Scripted]) -> None:
    mine, other = scripted(Reply(body={"username": "mia"})), scripted(Reply(body={"username": "x"}))
    assert alone("login", "--url", mine.url, "--with-token", given="slip_mine").code == 0

    elsewhere = alone("whoami", "--url", other.url)

    assert elsewhere.code == 2
    assert "Nobody is signed in to" in elsewhere.err
    assert other.asked == []


def test_a_damaged_file_is_told(alone: Cli) -> None:
    hosts(alone).parent.mkdir(parents=True)
    hosts(alone).write_text("{")
    ended = alone("whoami")
    assert ended.code == 2
    assert "is damaged" in ended.err


def test_the_identity_of_a_job_is_swapped_for_a_token_and_again_when_it_is_over(
    alone: Cli, scripted: Callable[..., Scripted]
) -> None:
    github = scripted(Reply(body={"value": "an.id.token"}))
    refused = problem(401, "not_signed_in")
    me = Reply(body={"username": "robot"})
    server = scripted(Reply(201, {"token": "slip_one"}), refused, Reply(201, {"token": "slip_two"}), me)
    job = alone.with_(
        SLIPWAY_URL=server.url,
        ACTIONS_ID_TOKEN_REQUEST_URL=f"{github.url}/token?api-version=2",
        ACTIONS_ID_TOKEN_REQUEST_TOKEN="of-the-runner",
    )

    ended = job("whoami", "-o", "json")

    assert (ended.code, ended.json["user" if "user" in ended.json else "username"]) == (0, "robot"), ended.err
    assert server.headers("Authorization") == ["", "Bearer slip_one", "", "Bearer slip_two"]
    assert json.loads(server.asked[0].partition("\r\n\r\n")[2]) == {"token": "an.id.token"}
    assert github.headers("Authorization") == ["Bearer of-the-runner"] * 2
    assert "audience=http%3A%2F%2F127.0.0.1" in github.asked[0]


def test_gitlab_gives_the_identity_as_a_variable(alone: Cli, scripted: Callable[..., Scripted]) -> None:
    server = scripted(Reply(201, {"token": "slip_one"}), Reply(body={"username": "robot"}))
    ended = alone.with_(SLIPWAY_URL=server.url, GITLAB_CI="true", SLIPWAY_ID_TOKEN="a.gitlab.token")("whoami")
    assert ended.code == 0, ended.err
    assert json.loads(server.asked[0].partition("\r\n\r\n")[2]) == {"token": "a.gitlab.token"}


def test_a_job_says_which_ci_identity_it_means(alone: Cli, scripted: Callable[..., Scripted]) -> None:
    server = scripted(Reply(201, {"token": "slip_one"}), Reply(body={"username": "robot"}))
    job = alone.with_(SLIPWAY_URL=server.url, SLIPWAY_ID_TOKEN="a.b.c", SLIPWAY_CI_IDENTITY="checkout")
    assert job("whoami").code == 0
    sent = json.loads(server.asked[0].partition("\r\n\r\n")[2])
    assert sent == {"token": "a.b.c", "identity": "checkout"}


def test_what_passes_while_the_identity_is_swapped_is_tried_again(
    alone: Cli, scripted: Callable[..., Scripted]
) -> None:
    server = scripted(Reply(503), Cut(), Reply(201, {"token": "slip_one"}), Reply(body={"username": "robot"}))
    job = alone.with_(SLIPWAY_URL=server.url, SLIPWAY_ID_TOKEN="a.b.c", SLIPWAY_RETRY_SECONDS="10")
    ended = job("whoami")
    assert ended.code == 0, ended.err


def test_a_job_whose_identity_is_not_taken_is_told_who_decides(alone: Cli, scripted: Callable[..., Scripted]) -> None:
    server = scripted(problem(403, "not_permitted", detail="no rule matches"))
    ended = alone.with_(SLIPWAY_URL=server.url, SLIPWAY_ID_TOKEN="a.b.c")("whoami")
    assert ended.code == 2
    assert "no rule matches" in ended.err
    assert "CI identities" in ended.err
