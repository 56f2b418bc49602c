"""The furnished house with twenty of everything that a list of the API shows, and how many queries a call asks."""

from __future__ import annotations

from datetime import timedelta

from axes.models import AccessAttempt
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import lockout
from accounts.models import CiIdentity, GroupRule, Identity, IdentityProvider, Membership, SavedView, User
from audit.record import audit
from charts.models import ChartRepository
from deployments.engine.decision import Said, Sentence
from deployments.models import AnalysisTemplate, Approval
from notifications.models import Channel, Notice
from tests.abuse.furnished import House
from tests.callers import ApiClient
from tests.factories.accounts import member_of, new_robot, new_role, new_team, new_user, session_of, token_of
from tests.factories.charts import new_helm_release, new_operation, new_upload
from tests.factories.deployments import new_promotion, new_release, new_revision, say
from tests.factories.installs import log, new_check, new_install, new_install_run
from tests.factories.registered import new_grant, saved_cluster
from tests.factories.services import new_environment, new_service, new_target, seen_deployment
from tests.factories.sinks import new_sink
from webhooks.models import WebhookDelivery, WebhookSource

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
        new_promotion(target.service, new_environment(f"before-{number}", order=number + 40), environment, by=maker)
        audit(maker, "service.edit", target.service, team=team.name)
        of_the_front_door(house, reader, maker, number)
    audit(reader, "team.edit", team, team=team.name)
    Notice.objects.create(channel=house.channel, key="one-more", event="test", body={})
    house.operation.lines.create(number=99, text="one more line")
    ChartRepository.objects.create(name="one-more", url="https://charts.example/")
    Membership.objects.create(team=team, user=reader, role="maintainer")
    locked_out("one-more")
    token_of(house.robot, name="one-more")


def of_the_front_door(house: House, reader: User, maker: User, number: int) -> None:
    """One more of each thing that says who may come in, and what is told of it."""
    name, provider = f"more-{number}", house.rule.provider
    session_of(reader)
    locked_out(name)
    new_role(name)
    new_sink(name)
    token_of(house.robot, name=name)
    robot = new_robot(house.team, name)
    IdentityProvider.objects.create(name=name, title=name, issuer=f"https://{name}.example", preset="generic")
    Identity.objects.create(provider=provider, subject=name, user=maker)
    GroupRule.objects.create(provider=provider, group=name, team=house.team, role="developer")
    CiIdentity.objects.create(name=name, team=house.team, robot=robot, provider="github", claims={"repository": name})
    WebhookSource.objects.create(name=name, kind="generic", team=house.team, robot=robot)
    WebhookDelivery.objects.create(source=house.source, key=f"id:{name}", body_hash="0", done_at=timezone.now())


def locked_out(username: str) -> None:
    """What is left of so many wrong passwords for a name that it is locked."""
    AccessAttempt.objects.create(username=username, ip_address="192.0.2.1", failures_since_start=lockout.LIMIT)


def queries_of(caller: ApiClient, address: str, query: dict[str, str]) -> tuple[int, list[str]]:
    """How many rows a list answers to this, and the SQL that it asks for them."""
    with CaptureQueriesContext(connection) as asked:
        answer = caller.get(address, query)
    assert answer.status_code == 200, answer.content
    return len(answer.json()["results"]), [query["sql"] for query in asked]
