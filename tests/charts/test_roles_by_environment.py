"""A role for one environment reaches the namespaces that are in it alone."""

from __future__ import annotations

import pytest

from accounts.models import Team, Token, User
from charts.places import require_place, why_not_in_place
from clusters.models import Cluster
from tests.factories.accounts import member_of, new_user
from tests.factories.deployments import checkout_target
from tests.factories.registered import new_grant, saved_cluster
from web.errors import NotPermitted

UPGRADE = "helm_release.upgrade"


@pytest.fixture
def cluster(payments: Team) -> Cluster:
    """One on which payments may use every namespace, with checkout in dev and prod of their names."""
    cluster = saved_cluster("harbour")
    new_grant(payments, cluster, "*")
    for name in ("dev", "prod"):
        checkout_target(payments, name, cluster=cluster)
    return cluster


@pytest.fixture
def dev_only(payments: Team) -> User:
    return member_of(payments, "developer", new_user("dot"), environment="dev")


def test_it_lets_pass_where_the_namespace_is_in_that_environment(
    payments: Team, cluster: Cluster, dev_only: User
) -> None:
    assert require_place(dev_only, UPGRADE, cluster, "dev") == payments
    with pytest.raises(NotPermitted) as refused:
        require_place(dev_only, UPGRADE, cluster, "prod")
    assert refused.value.fields["environment"] == "prod"
    assert "for prod" in why_not_in_place(dev_only, UPGRADE, cluster, "prod")


def test_a_namespace_in_no_environment_takes_a_role_for_all(
    payments: Team, cluster: Cluster, dev_only: User, developer: User
) -> None:
    with pytest.raises(NotPermitted):
        require_place(dev_only, UPGRADE, cluster, "tools")
    assert require_place(developer, UPGRADE, cluster, "tools") == payments


def test_a_token_for_the_team_reaches_what_the_team_may(payments: Team, cluster: Cluster, developer: User) -> None:
    developer.token = Token(user=developer, name="ci", teams=["payments"])
    assert require_place(developer, UPGRADE, cluster, "dev") == payments
    developer.token = Token(user=developer, name="ci", teams=["payments"], environments=["dev"])
    assert require_place(developer, UPGRADE, cluster, "dev") == payments
    for others in ({"teams": ["others"]}, {"environments": ["prod"]}, {"services": ["checkout"]}):
        developer.token = Token(user=developer, name="ci", **others)
        assert "is only for" in why_not_in_place(developer, UPGRADE, cluster, "dev")


def test_a_namespace_in_two_environments_takes_both(payments: Team, cluster: Cluster, dev_only: User) -> None:
    cluster.environment = "prod"
    with pytest.raises(NotPermitted):
        require_place(dev_only, UPGRADE, cluster, "dev")
    member_of(payments, "developer", dev_only, environment="prod")
    dev_only.__dict__.pop("_rights")
    assert require_place(dev_only, UPGRADE, cluster, "dev") == payments
