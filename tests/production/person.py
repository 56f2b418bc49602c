"""A person at work against several web processes behind a proxy: what does not answer is not asked again."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from tests.production.site import Site

ENDED = ("succeeded", "failed", "aborted", "superseded")


class Person:
    """Calls the API; each call goes to the next web process that takes it, as a proxy would send it."""

    def __init__(self, site: Site, token: str, webs: tuple[str, ...]) -> None:
        self.webs = [site.url(name) for name in webs]
        self.calls = 0
        self.failures: list[str] = []
        self.http = httpx.Client(headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, **more: Any) -> Any:
        """The body of the answer. An answer that is no success is noted as a failure that the person saw."""
        headers = {"Idempotency-Key": uuid4().hex} if method == "POST" else {}
        last = ""
        for _ in range(2 * len(self.webs)):
            self.calls += 1
            self.webs.append(self.webs.pop(0))
            try:
                answer = self.http.request(method, f"{self.webs[0]}/api/v1{path}", json=body, headers=headers, **more)
            except httpx.TransportError as error:
                last = repr(error)
                continue
            if answer.is_success:
                return answer.json() if answer.content else None
            if answer.status_code == 409 and "idempotency" in answer.text:
                # The web process that began this died; its claim lapses, or the other one is still at it.
                last = answer.text
                continue
            last = answer.text
            break
        self.failures.append(f"{method} {path}: {last}")
        raise AssertionError(self.failures[-1])

    def release(self, release_id: str) -> dict[str, Any]:
        said: dict[str, Any] = self.ask("GET", f"/releases/{release_id}/")
        return said

    def has_ended(self, release_id: str) -> bool:
        return self.release(release_id)["status"] in ENDED

    def events(self, release_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask("GET", f"/releases/{release_id}/events/", params={"limit": 200})[
            "results"
        ]
        return found

    def deploy(self, service: str, image: str) -> str:
        """Start a release in dev; answers its id."""
        wish = {"service": service, "environment": "dev", "image": image}
        return str(self.ask("POST", "/releases/", wish)["id"])
