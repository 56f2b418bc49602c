"""A real OpenID provider in a process of its own, and a person's browser that goes there and comes back."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from django.test import Client

from accounts.models import IdentityProvider
from sandbox.paths import cache_folder

HERE = Path(__file__).parent
PROGRAM, LOCKED = "provider.mjs", ("package.json", "package-lock.json")
SECRET = "a secret + with/signs"
NAME = "acme"


class OpenIdProvider:
    """The process. What it says and how it fails is set by `set`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Run it, on the same port as before where it ran before."""
        self._process = subprocess.Popen(
            ["node", PROGRAM],
            cwd=self.folder,
            env={**os.environ, "PORT": str(self.port), "NODE_ENV": "test"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        word, _space, port = self._process.stdout.readline().partition(" ")
        assert word == "listening", "the provider did not start"
        self.port = int(port)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._process is not None:
            self._process.kill()
            # Closes its pipes as well.
            self._process.communicate(timeout=10)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def reset(self) -> None:
        """As it was when it began, with new keys."""
        self._control(reset=True, rotate=True)

    def set(self, **wish: Any) -> None:
        """Change what provider.mjs keeps in its state."""
        self._control(set=wish)

    def tell(self, name: str = "alice", **claims: Any) -> None:
        """Who is signed in next, and what is said of them."""
        known = {"preferred_username": name, "email": f"{name}@example.com", "email_verified": True, "groups": []}
        self._people = {**getattr(self, "_people", {}), name: {**known, **claims}}
        self.set(who=name, people=self._people)

    def forget(self, name: str) -> None:
        """Switch somebody off."""
        self._people = {other: claims for other, claims in self._people.items() if other != name}
        self.set(people=self._people)

    def rotate_keys(self) -> None:
        """Sign with another key from now on, and publish that one alone."""
        self._control(rotate=True)

    def counted(self, what: str) -> int:
        """How often something was asked for, as `token refresh_token 200` or `jwks`."""
        return int(httpx.get(f"{self.issuer}/control", timeout=10).json()["counts"].get(what, 0))

    def _control(self, **wish: Any) -> None:
        if wish.get("reset"):
            self._people = {}
        httpx.post(f"{self.issuer}/control", json=wish, timeout=10).raise_for_status()

    def go(self, url: str) -> str:
        """What a browser does that is sent to the provider: answers the address at which it comes back."""
        with httpx.Client(timeout=10) as browser:
            for _hop in range(10):
                answer = browser.get(url)
                assert answer.status_code in {302, 303}, f"{answer.status_code} {answer.text[:500]}"
                url = str(answer.next_request.url) if answer.next_request else answer.headers["location"]
                if not url.startswith(self.issuer):
                    return url
        raise AssertionError("it does not come back")


def installed() -> Path:
    """The folder with the library, filled once per lock. Skips the test where there is no Node or npm."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("no Node with npm on PATH, which the OpenID provider of the tests runs on")
    digest = hashlib.sha256(b"".join((HERE / name).read_bytes() for name in LOCKED)).hexdigest()[:16]
    folder = cache_folder() / "test-provider" / digest
    if not (folder / "node_modules").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent))
        for name in LOCKED:
            shutil.copy(HERE / name, fresh)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=fresh, check=True, timeout=240)
        try:
            fresh.rename(folder)
        except OSError:
            # Another run was first.
            shutil.rmtree(fresh)
    return folder


def running() -> Iterator[OpenIdProvider]:
    """One process for a whole run."""
    with tempfile.TemporaryDirectory() as place:
        # Node looks for packages beside the program.
        (Path(place) / "node_modules").symlink_to(installed() / "node_modules")
        for name in (PROGRAM, "package.json"):
            shutil.copy(HERE / name, place)
        provider = OpenIdProvider(Path(place))
        provider.start()
        try:
            yield provider
        finally:
            provider.kill()


def new_provider(process: OpenIdProvider, **values: Any) -> IdentityProvider:
    """The row that lets people sign in there."""
    row = IdentityProvider(
        **{
            "name": NAME,
            "title": "Acme",
            "issuer": process.issuer,
            "client_id": "slipway",
            "scopes": "openid profile email groups offline_access",
            "allow_private_address": True,
            **values,
        }
    )
    row.secret = {"client_secret": SECRET}
    row.save()
    return row


def sign_in(browser: Client, process: OpenIdProvider, *, next: str = "/", path: str = f"/sign-in/with/{NAME}/") -> Any:
    """Go out by the button and come back; answers what the portal answers then."""
    out = browser.get(path, {"next": next})
    assert out.status_code == 302, out.content.decode()
    return browser.get(_own(process.go(out["Location"])))


def _own(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"
