"""Panels of a cluster: by namespace, and only those a person may see."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import User
from clusters.models import Cluster
from metrics.queries import cluster_board
from metrics.windows import window_for
from tests.callers import PageClient
from tests.factories.registered import saved_cluster

Browser = Callable[[User], PageClient]


@pytest.mark.sandbox
def test_each_namespace_is_a_line_of_the_same_colour_everywhere(admin: User, harbour: Cluster) -> None:
    board = cluster_board(admin, harbour, window_for("15m"))
    assert [panel.key for panel in board.panels] == ["request_rate", "error_ratio", "cpu", "memory"]
    for panel in board.panels:
        assert {"dev", "prod", "staging"} & {line.label for line in panel.lines}
        assert len(panel.lines) <= 8
    tones = {(line.label, line.tone) for panel in board.panels for line in panel.lines}
    assert len(tones) == len(dict(tones))


@pytest.mark.sandbox
def test_a_member_sees_granted_namespaces_alone(developer: User, harbour: Cluster, web_client: Browser) -> None:
    board = cluster_board(developer, harbour, window_for("15m"))
    assert {line.label for panel in board.panels for line in panel.lines} == {"dev", "prod"}
    page = web_client(developer).get("/clusters/harbour/metrics/?range=15m").content.decode()
    assert "staging" not in page
    assert "One row every 20 s" in page


def test_a_stranger_finds_no_cluster(stranger: User, web_client: Browser) -> None:
    saved_cluster("harbour", prometheus_url="http://192.0.2.1:9090")
    assert web_client(stranger).get("/clusters/harbour/metrics/").status_code == 404


def test_the_page_of_the_cluster_fetches_its_panels_by_itself(admin: User, web_client: Browser) -> None:
    """The address of Prometheus leads nowhere: the page itself does not ask it."""
    saved_cluster("harbour", prometheus_url="http://192.0.2.1:9090")
    page = web_client(admin).get("/clusters/harbour/?range=6h").content.decode()
    assert 'hx-get="/clusters/harbour/metrics/?fragment=panels&amp;environment=&amp;range=6h"' in page
    assert 'href="/clusters/harbour/metrics/?environment=&amp;range=6h"' in page


def test_the_reason_for_no_data_says_what_to_do(admin: User, web_client: Browser) -> None:
    saved_cluster("harbour")
    page = web_client(admin).fragment("/clusters/harbour/metrics/", "panels").content.decode()
    assert "No data: No Prometheus is registered for cluster harbour." in page
    assert "An admin can give its address under Edit" in page
