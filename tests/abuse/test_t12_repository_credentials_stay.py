"""T12: a chart repository's credentials reach its own origin alone: no redirect, archive address or realm gets them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from accounts.models import User
from charts.commands import create_repository
from charts.sources import choose, obtain
from tests.charts.archives import web_chart
from tests.charts.serving import Answer, files, index_of, registry_of, serving

LOGIN = {"username": "bot", "password": "planted-password", "allow_private_address": True}
CHART = {"web-1.0.0.tgz": web_chart("web")}


def test_t12_an_archive_at_another_host_is_asked_without_them(admin: User) -> None:
    with serving(files({f"/{file}": body for file, body in CHART.items()})) as elsewhere:
        index = index_of(CHART, at=f"{elsewhere.url}/")
        with serving(files({"/index.yaml": index})) as own:
            create_repository(admin, "shop", own.url, **LOGIN)
            obtain(choose(admin, "shop/web", ""))
    assert own.authorization_of("/index.yaml").startswith("Basic ")
    assert elsewhere.asked == [("/web-1.0.0.tgz", "")]


def test_t12_a_redirect_to_another_host_is_followed_without_them(admin: User) -> None:
    held = {"/index.yaml": index_of(CHART), **{f"/{file}": body for file, body in CHART.items()}}
    with serving(files(held)) as elsewhere:

        def moved(path: str, _headers: Mapping[str, str]) -> Answer:
            return 302, {"Location": f"{elsewhere.url}{path}"}, b""

        with serving(moved) as own:
            create_repository(admin, "shop", own.url, **LOGIN)
            obtain(choose(admin, "shop/web", ""))
    assert all(header.startswith("Basic ") for _path, header in own.asked) and own.asked
    assert [header for _path, header in elsewhere.asked] == ["", ""]


def test_t12_a_redirect_to_a_metadata_address_is_not_followed(admin: User) -> None:
    def moved(_path: str, _headers: Mapping[str, str]) -> Answer:
        return 302, {"Location": "http://169.254.169.254/latest/meta-data/"}, b""

    with serving(moved) as own, pytest.raises(Exception, match="never allowed"):
        create_repository(admin, "shop", own.url, **LOGIN)


def test_t12_a_registry_cannot_send_them_to_another_realm(admin: User) -> None:
    def token(_path: str, _headers: Mapping[str, str]) -> Answer:
        return 200, {}, json.dumps({"token": "anonymous"}).encode()

    with serving(token) as elsewhere:
        held = registry_of("charts/web", {"1.0.0": CHART["web-1.0.0.tgz"]})

        def challenging(path: str, headers: Mapping[str, str]) -> Answer:
            if headers.get("Authorization") != "Bearer anonymous":
                return 401, {"WWW-Authenticate": f'Bearer realm="{elsewhere.url}/token",service="x"'}, b""
            return files(held)(path, headers)

        with serving(challenging) as own:
            create_repository(admin, "shop", own.url.replace("http://", "oci+http://") + "/charts", **LOGIN)
            obtain(choose(admin, "shop/web", "1.0.0"))
    assert {header for _path, header in elsewhere.asked} == {""}
