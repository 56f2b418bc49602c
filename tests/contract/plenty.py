"""The furnished house with twenty of everything that a list of the API shows, and how many queries a call asks."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, SavedView, User
from audit.record import audit
from charts.models import ChartRepository
from deployments.engine.decision import Said, Sentence
from deployments.models import AnalysisTemplate, Approval
from notifications.models import Channel, Notice
from tests.abuse.furnished import House
from tests.callers import ApiClient
from tests.factories.accounts import member_of, new_team, new_user, token_of
from tests.factories.charts import new_helm_release, new_operation, new_upload
from tests.factories.deployments import new_release, new_revision, say
from tests.factories.installs import log, new_check, new_install, new_install_run
from tests.factories.registered import new_grant, saved_cluster
from tests.factories.services import new_environment, new_service, new_target, seen_deployment

MANY = 20


def multiply(house: House, reader: User) -> None:
    """Nineteen more of each thing, every one with rows of its own behind it, as far as a list shows them."""
    team, now = house.team, timezone.now()
    for number in range(1, MANY):
        maker = member_of(team, "developer", new_user(f"maker-{number}"))
        token_of(reader, name=f"more-{number}")
        other, cluster = new_team(f"more-{number}"), saved_cluster(f"more-{number}")
        new_grant(team, cluster, f"more-{number}")
        environment = new_environment(f"more-{number}", order=number + 10)
        target = new_target(new_service(f"more-{number}", team), environment, cluster)
        seen_deployment(target)
        seen_deployment(new_target(house.target.service, environment, cluster, workload=f"zebra-{number}"))
        new_revision(house.target)
        release = new_release(target, by=maker)
        say(house.release, Said("release.pause", Sentence("paused_by", {"by": maker.username})))
        rules = [{"team": team.name, "count": 1}]
        Approval.objects.create(release=release, gate="start", rules=rules, asked_at=now + timedelta(seconds=number))
        Channel.objects.create(team=other, name=f"more-{number}", kind="email", to=["a@example.org"])
        Notice.objects.create(channel=house.channel, key=f"more-{number}", event="test", body={})
        AnalysisTemplate.objects.create(name=f"more-{number}", team=other, definition=house.template.definition)
        SavedView.objects.create(of="services", name=f"more-{number}", owner=reader, team=team)
        ChartRepository.objects.create(name=f"more-{number}", url=f"https://charts.example/{number}")
        new_upload(team, "zebra-chart", f"1.{number}.0", by=maker)
        new_operation(new_helm_release(cluster, "more", f"more-{number}"), by=maker)
        house.operation.lines.create(number=number + 100, text=f"line {number}")
        new_install(f"more-{number}", by=maker)
        new_check(house.install, f"check_{number}", "zebra-host")
        new_install_run(house.install, state="failed", created_by=maker)
        log(house.run, f"line {number}")
        audit(maker, "service.edit", target.service, team=team.name)
    audit(reader, "team.edit", team, team=team.name)
    Notice.objects.create(channel=house.channel, key="one-more", event="test", body={})
    house.operation.lines.create(number=99, text="one more line")
    ChartRepository.objects.create(name="one-more", url="https://charts.example/")
    Membership.objects.create(team=team, user=reader, role="maintainer")


def queries_of(caller: ApiClient, address: str, query: dict[str, str]) -> tuple[int, list[str]]:
    """How many rows a list answers to this, and the SQL that it asks for them."""
    with CaptureQueriesContext(connection) as asked:
        answer = caller.get(address, query)
    assert answer.status_code == 200, answer.content
    return len(answer.json()["results"]), [query["sql"] for query in asked]
