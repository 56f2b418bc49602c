"""What a new installation finds in place."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import User
from audit.models import Entry
from clusters.models import Cluster
from portal.first_steps import follow_prometheus
from services.models import Environment
from tests.factories.registered import saved_cluster

pytestmark = pytest.mark.django_db(transaction=True)

WITH_EXEC = """
apiVersion: v1
kind: Config
current-context: Work Laptop
contexts: [{name: Work Laptop, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://192.0.2.1:6443"}}]
users: [{name: u, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: aws}}}]
"""


def first_steps(**options: Any) -> str:
    said = StringIO()
    call_command("first_steps", stdout=said, **options)
    return said.getvalue()


def test_the_environments_are_made_once_in_their_order() -> None:
    first_steps()
    said = first_steps()

    assert list(Environment.objects.order_by("order").values_list("name", flat=True)) == ["dev", "staging", "prod"]
    assert Entry.objects.filter(action="environment.create", actor="slipway").count() == 3
    assert said == ""


def test_environments_that_people_made_are_left_alone() -> None:
    Environment.objects.create(name="only", order=1)

    first_steps()

    assert list(Environment.objects.values_list("name", flat=True)) == ["only"]


@pytest.mark.sandbox
def test_a_kubeconfig_is_registered_under_its_context(sandbox_cluster: Any, valkey: object, admin: User) -> None:
    said = first_steps(kubeconfig=Path(sandbox_cluster.kubeconfig))
    again = first_steps(kubeconfig=Path(sandbox_cluster.kubeconfig))

    cluster = Cluster.objects.get()
    assert (cluster.name, cluster.status) == ("sandbox", Cluster.Status.CONNECTED)
    assert "your cluster is registered as “sandbox”" in said
    assert "is registered already" in again


def test_a_kubeconfig_that_starts_programs_is_refused_with_the_reason(tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(WITH_EXEC)

    said = first_steps(kubeconfig=file)

    assert not Cluster.objects.exists()
    assert "cluster “work-laptop” was not registered" in said
    assert "exec" in said


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        ("http://127.0.0.1:1", "http://127.0.0.1:2"),
        ("http://127.0.0.1:2", "http://127.0.0.1:2"),
        ("https://mine.example", "https://mine.example"),
        ("", ""),
    ],
)
def test_the_sandbox_s_prometheus_is_followed_when_it_moves(admin: User, was: str, becomes: str) -> None:
    cluster = saved_cluster("sandbox", prometheus_url=was)

    follow_prometheus(cluster, "http://127.0.0.1:2")

    cluster.refresh_from_db()
    assert cluster.prometheus_url == becomes
