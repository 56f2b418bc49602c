"""A worker that drives a promotion is killed -9 in the middle of a wave, between two, and while a cluster is silent:
nothing is started twice, and the next worker goes on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import F

from accounts.models import Team, User
from clusters.models import Cluster
from deployments.commands import start_promotion
from deployments.models import Promotion
from tests.conftest import until
from tests.kubectl import Kubectl
from tests.postgres import free_port
from tests.scenarios.promotions import Stages, to_its_end

ROOT = Path(__file__).resolve().parents[2]
WORKER = """
import time
import django
django.setup()
from deployments.models import Promotion
from tests.scenarios.promotions import turn
promotion = Promotion.objects.get(pk={promotion!r})
while not turn(promotion).has_ended:
    time.sleep(0.02)
"""


def killed_when(promotion: Promotion, is_time: Callable[[], bool]) -> None:
    """Let a worker in a process of its own bring the promotion on, and kill it at that moment."""
    told = {
        "DJANGO_SETTINGS_MODULE": "tests.settings",
        "SLIPWAY_DATABASE_URL": f"sqlite://{connection.settings_dict['NAME']}",
    }
    code = WORKER.format(promotion=str(promotion.pk))
    worker = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **told})
    try:
        until(is_time, seconds=60)
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_and_nothing_is_started_twice(
    cluster: Cluster, kubectl: Kubectl, namespace: str, payments: Team, developer: User
) -> None:
    stages = Stages(kubectl, cluster, namespace, payments, developer)
    services = [
        stages.add("stock", "2.0", "1.0", system="till"),
        stages.add("cart", "2.0", "1.0", system="till", depends_on=["stock"]),
        stages.add("web", "2.0", "1.0", system="till", depends_on=["cart"]),
    ]
    promotion = start_promotion(developer, services=services, origin=stages["dev"], to=stages["staging"])

    # As soon as there is a release: its item may not know of it yet.
    killed_when(promotion, lambda: promotion.releases.count() == 1)
    # Between two waves: the first has succeeded, the second may have been made or not.
    killed_when(promotion, lambda: promotion.releases.filter(status="succeeded").exists())
    assert not to_its_end(promotion).problem

    assert promotion.state == "succeeded"
    assert sorted(promotion.releases.values_list("target__service__name", "number")) == [
        ("cart", 1), ("stock", 1), ("web", 1),
    ]  # fmt: skip
    assert [stages.image(service, "staging").split("@")[0] for service in services] == [
        "stock:2.0", "cart:2.0", "web:2.0",
    ]  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_cluster_that_comes_back_is_released_to_by_the_next_worker(
    cluster: Cluster, kubectl: Kubectl, namespace: str, payments: Team, developer: User
) -> None:
    stages = Stages(kubectl, cluster, namespace, payments, developer)
    service = stages.add("cart", "2.0", "1.0")
    promotion = start_promotion(developer, services=[service], origin=stages["dev"], to=stages["staging"])
    address, silence = cluster.api_url, f"https://127.0.0.1:{free_port()}"
    Cluster.objects.filter(pk=cluster.pk).update(api_url=silence, version=F("version") + 1)

    killed_when(promotion, lambda: promotion.items.filter(attempts__gte=1).exists())
    item = promotion.items.get()
    assert (item.state, item.unreachable_since is None) == ("pending", False)

    Cluster.objects.filter(pk=cluster.pk).update(api_url=address, version=F("version") + 1)
    assert not to_its_end(promotion).problem

    item.refresh_from_db()
    assert (item.state, item.why, item.try_at) == ("succeeded", "", None)
    assert promotion.releases.count() == 1
