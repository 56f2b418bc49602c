"""How tests call the portal: as a machine over REST, as a person with a browser."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

from django.test import Client
from rest_framework.test import APIClient

from accounts.models import User
from tests.factories.accounts import token_of


class ApiClient(APIClient):
    """A REST caller. Paths are given as in the contract, `/services/`, and completed to `/api/v1/services/`."""

    default_format = "json"

    @classmethod
    def of(cls, user: User | None = None, *, scopes: Iterable[str] = ()) -> Self:
        """With a new token of `user`, or with none."""
        client = cls(raise_request_exception=False)
        if user is not None:
            client.credentials(HTTP_AUTHORIZATION=f"Bearer {token_of(user, scopes)}")
        return client

    def generic(self, method: str, path: str, *args: Any, **kwargs: Any) -> Any:
        if not path.startswith(("http", "/api/", "/healthz/", "/metrics")):
            path = f"/api/v1{path}"
        return super().generic(method, path, *args, **kwargs)


class PageClient(Client):
    """A browser without JavaScript, or with htmx when asked through `fragment`."""

    @classmethod
    def of(cls, user: User) -> Self:
        """Signed in as `user`."""
        client = cls()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    def fragment(self, path: str, name: str) -> Any:
        """GET one live region as htmx does."""
        return self.get(path, {"fragment": name}, headers={"HX-Request": "true"})
