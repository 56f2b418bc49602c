"""T48: PromQL from tenants never reaches series of other namespaces, whatever it is made of, and is bounded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Team, User
from clusters.models import Cluster
from clusters.prometheus import Prometheus
from clusters.promql import BadQuery, forced
from tests.callers import ApiClient
from tests.factories.registered import new_grant, saved_cluster

Api = Callable[..., ApiClient]
OTHER = "http_requests_total"

# Each of these has been a way around a forced label somewhere, or could be one.
TRICKS = [
    OTHER,
    f"{OTHER}{{namespace!='dev'}}",
    f"{OTHER}{{namespace=~'.*'}}",
    f"{OTHER}{{namespace='dev'}} or {OTHER}",
    f"{OTHER} unless on() vector(0)",
    f"label_replace({OTHER}, 'namespace', 'dev', '', '')",
    f"label_join({OTHER}, 'namespace', '', 'pod')",
    f"max_over_time({OTHER}[5m:30s])",
    f"max_over_time(rate({OTHER}[1m])[5m:30s] offset 10s)",
    f"{OTHER} offset -1s",
    f"{OTHER} @ end()",
    f"rate({OTHER}[1m] @ start() offset 5s)",
    f"topk(scalar(count({OTHER}) or vector(1)), {OTHER})",
    f"quantile(scalar(count({OTHER})) / 100, {OTHER})",
    f"count_values('namespace', {OTHER})",
    f"sum by (namespace) ({OTHER})",
    f"group by (namespace, pod) ({OTHER})",
    f"vector(0) + on() group_right() {OTHER}",
    "{__name__=~'http_.+'}",
    f"{{__name__='{OTHER}'}}",
    f'{{"{OTHER}"}}',
    f"absent({OTHER}{{namespace='prod'}})",
    f"-{OTHER}",
    f"{OTHER} # , namespace='dev'",
    f"{OTHER}{{pod=~`.+`}}",
    f'{OTHER}{{pod!="}} or {OTHER}{{pod!=\'"}}',
    f"label_replace({OTHER}, 'x', '\"}}) or {OTHER}{{', 'pod', '.*')",
]
REFUSED = [
    f"{OTHER}{{namespace='dev' or namespace='prod'}}",
    f"{OTHER}{{pod='a' or namespace='prod'}}",
    f"info({OTHER})",
    f"info({OTHER}, {{namespace='prod'}})",
    f"{OTHER}{{namespace='dev'",
]


def namespaces_in(answer: Any) -> set[str]:
    """Every namespace that the answer's series are of."""
    return {series["metric"]["namespace"] for series in answer.json()["result"]}


@pytest.fixture
def shop(prometheus: Prometheus, payments: Team) -> Cluster:
    """The sandbox, of which team payments is granted namespace dev, not prod and staging."""
    cluster = saved_cluster("harbour", prometheus_url=prometheus.url, allow_private_address=True)
    new_grant(payments, cluster, "dev")
    return cluster


@pytest.mark.sandbox
def test_t48_no_trick_shows_series_of_another_namespace(
    api: Api, developer: User, shop: Cluster, prometheus: Prometheus
) -> None:
    client = api(developer)
    foreign = {"prod", "staging"} | {
        series["metric"]["pod"] for series in prometheus.vector(f'group by (pod) ({OTHER}{{namespace!="dev"}})')
    }
    for trick in TRICKS:
        answer = client.get("/clusters/harbour/query/", {"query": trick})
        assert answer.status_code == 200, (trick, answer.json())
        seen = {value for series in answer.json()["result"] for value in series["metric"].values()}
        assert seen & foreign == set(), trick


@pytest.mark.sandbox
def test_t48_sums_count_only_own_series(api: Api, admin: User, developer: User, shop: Cluster) -> None:
    """A sum has no labels that would betray it: the number of series does."""
    fixed = {"query": f"count({OTHER} @ end())"}
    own = {"query": f"count({OTHER}{{namespace='dev'}} @ end())"}

    def number(user: User, query: dict[str, str]) -> float:
        return float(api(user).get("/clusters/harbour/query/", query).json()["result"][0]["values"][-1][1])

    assert number(developer, fixed) == number(admin, own) < number(admin, fixed)


@pytest.mark.parametrize("query", REFUSED)
def test_t48_what_cannot_be_held_is_refused(query: str) -> None:
    with pytest.raises(BadQuery):
        forced(query, ["dev"])


@pytest.mark.parametrize("query", TRICKS)
def test_t48_every_selector_of_what_is_sent_shows_the_label(query: str) -> None:
    sent = forced(query, ["dev"])
    assert 'namespace="dev"' in sent
    assert forced(sent, ["dev"]) == sent


@pytest.mark.sandbox
def test_t48_one_team_s_answer_is_not_given_to_another(api: Api, admin: User, developer: User, shop: Cluster) -> None:
    """The same words, asked one after the other: the first fills the cache (T02)."""
    now = {"query": f"sum by (namespace) ({OTHER})"}
    assert "prod" in namespaces_in(api(admin).get("/clusters/harbour/query/", now))
    assert namespaces_in(api(developer).get("/clusters/harbour/query/", now)) == {"dev"}


@pytest.mark.django_db
def test_t48_queries_are_bounded_in_points_and_length(api: Api, admin: User) -> None:
    saved_cluster("harbour")
    client = api(admin)
    for given in (
        {"query": "up", "start": "0", "end": "86400", "step": "1"},
        {"query": "up", "start": "0", "end": "1795500000"},
        {"query": "up", "start": "10", "end": "5"},
        {"query": "up", "step": "0"},
        {"query": "up" * 600},
        {"query": ""},
    ):
        assert client.get("/clusters/harbour/query/", given).status_code == 400


def test_t48_a_cluster_without_grant_is_not_there(api: Api, stranger: User) -> None:
    saved_cluster("harbour", prometheus_url="http://192.0.2.1:9090")
    assert api(stranger).get("/clusters/harbour/query/", {"query": "up"}).status_code == 404
