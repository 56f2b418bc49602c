"""A portal in which one team owns one of everything, and all addresses that lead to it, read from the URL map."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.models import (
    CiIdentity,
    CustomRole,
    GroupRule,
    Identity,
    IdentityProvider,
    Passkey,
    SavedView,
    Session,
    Team,
    Token,
    User,
)
from charts.models import ChartUpload, HelmOperation, HelmRelease
from clusters.models import Cluster, Grant
from deployments.models import AnalysisTemplate, Approval, Promotion, Release
from installs.models import Install, InstallRun
from notifications.models import Channel
from services.models import Target
from sinks.models import AuditSink
from tests.clusters.observe.objects import raw
from tests.factories.accounts import new_robot, passkey_of, session_of, token_of
from tests.factories.charts import new_helm_release, new_operation, new_upload
from tests.factories.clusters import observed, watched_now
from tests.factories.deployments import new_promotion, new_release, new_revision
from tests.factories.installs import log, new_check, new_host, new_install, new_install_run, new_step
from tests.factories.registered import new_grant, saved_cluster
from tests.factories.services import new_environment, new_service, new_target, seen_deployment
from tests.factories.sinks import new_sink
from webhooks.models import WebhookDelivery, WebhookSource

SERVICE, CLUSTER, STAGE, VIEW = "zebra-checkout", "zebra-cluster", "stage", "zebra-view"
ROBOT, IDENTITY, SOURCE = "zebra-robot", "zebra-identity", "zebra-source"
TEMPLATE, CHART = "zebra-template", "zebra-chart"
INSTALL, HOST = "zebra-install", "zebra-host"
# Roles are everybody's to know.
ROLE = "breaker"
PROVIDER, SUBJECT = "zebra-sso", "zebra-subject"
# Behind these stands somebody else, a cluster or an identity provider, whom nobody plays in the house.
ASKS_OTHERS = ("helm-releases/", "sign-in/with/", "identities/link/")
# Environments and the own page of registering are everybody's; all else in the house is the team's.
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class House:
    """What the team owns. `names` are words by which anybody else would know of it."""

    team: Team
    member: User
    token: Token
    cluster: Cluster
    grant: Grant
    target: Target
    release: Release
    view: SavedView
    robot: User
    ci_identity: CiIdentity
    source: WebhookSource
    delivery: WebhookDelivery
    approval: Approval
    promotion: Promotion
    channel: Channel
    template: AnalysisTemplate
    helm_release: HelmRelease
    operation: HelmOperation
    upload: ChartUpload
    identity: Identity
    passkey: Passkey
    session: Session
    # Of nobody: rules of groups, audit sinks and installs are for admins.
    rule: GroupRule
    sink: AuditSink
    install: Install
    run: InstallRun

    @property
    def names(self) -> tuple[str, ...]:
        return (
            SERVICE,
            CLUSTER,
            VIEW,
            TEMPLATE,
            ROBOT,
            IDENTITY,
            SOURCE,
            CHART,
            self.helm_release.name,
            INSTALL,
            HOST,
            SUBJECT,
            self.sink.name,
            self.team.name,
            self.member.username,
            str(self.release.pk),
            str(self.grant.pk),
        )

    @property
    def values(self) -> dict[str, str]:
        """What stands behind each word of a path: `services/<name>/`."""
        return {
            "services": self.target.service.name,
            "clusters": self.cluster.name,
            "environments": self.target.environment.name,
            "targets": self.target.environment.name,
            "teams": self.team.name,
            "users": self.member.username,
            "members": self.member.username,
            "tokens": str(self.token.pk),
            "identities": str(self.identity.pk),
            "identity-providers": PROVIDER,
            "sign-in": PROVIDER,
            "link": PROVIDER,
            "with": PROVIDER,
            "rules": str(self.rule.pk),
            "passkeys": str(self.passkey.pk),
            "sessions": str(self.session.pk),
            # Of nobody: locks are for admins.
            "locks": str(uuid4()),
            "sign-in-locks": str(uuid4()),
            "grants": str(self.grant.pk),
            "releases": str(self.release.pk),
            "views": str(self.view.pk),
            "robots": self.robot.short_name,
            "ci-identities": self.ci_identity.name,
            "webhook-sources": self.source.name,
            "webhooks": self.source.name,
            "deliveries": str(self.delivery.pk),
            "approvals": str(self.approval.pk),
            "promotions": str(self.promotion.pk),
            "channels": str(self.channel.pk),
            "notification-channels": str(self.channel.pk),
            "analysis-templates": self.template.name,
            "helm-releases": str(self.helm_release.pk),
            "helm-operations": str(self.operation.pk),
            "uploads": str(self.upload.pk),
            "sinks": str(self.sink.pk),
            "audit-sinks": str(self.sink.pk),
            "installs": str(self.install.pk),
            "runs": str(self.run.pk),
            "hosts": HOST,
            "nodes": HOST,
            "files": f"kubeadm-{HOST}.yaml",
            "inventory": "slipway",
            "report": "json",
            # Repositories are everybody's.
            "repositories": "no-such",
            "roles": ROLE,
        }

    @property
    def absent(self) -> dict[str, str]:
        """The same for things that are not there."""
        ids = {
            *("tokens", "grants", "releases", "views", "approvals", "promotions", "channels", "notification-channels"),
            "deliveries",
            *("identities", "rules", "helm-releases", "helm-operations", "uploads", "installs", "runs"),
            *("passkeys", "sessions", "locks", "sign-in-locks"),
            *("sinks", "audit-sinks"),
        }
        return {word: str(uuid4()) if word in ids else "no-such" for word in self.values} | {
            "environments": self.target.environment.name,
            "targets": self.target.environment.name,
            "roles": ROLE,
        }


def furnish(team: Team, member: User, *, env: Mapping[str, str] | None = None, **observed_parts: Any) -> House:
    """One of everything for the team; `env` goes into the pod templates, `observed_parts` into a Pod that was seen."""
    token_of(member)
    robot = new_robot(team, ROBOT)
    rule = {"match": "zebra/checkout:*", "service": SERVICE, "environment": STAGE}
    secret = {"now": (env or {}).get("DB_PASSWORD", "x")}
    source = WebhookSource.objects.create(
        name=SOURCE, kind="generic", team=team, robot=robot, secret=secret, rules=[rule]
    )
    CustomRole.objects.create(name=ROLE, permissions=["release.abort"])
    cluster = saved_cluster(CLUSTER, status="connected", last_seen_at=timezone.now() - timedelta(seconds=2))
    service = new_service(SERVICE, team)
    target = new_target(service, new_environment(STAGE), cluster)
    observed(cluster, raw("Namespace", STAGE, namespace="", status={"phase": "Active"}))
    seen_deployment(target)
    observed(cluster, raw("Pod", f"{SERVICE}-1", namespace=STAGE, **observed_parts), whole=True)
    watched_now(cluster)
    new_revision(target, **(env or {}))
    release = new_release(target, by=member, env=dict(env or {}))
    helm_release = new_helm_release(cluster, STAGE, "zebra-web")
    install = furnish_install((env or {}).get("DB_PASSWORD", "x"))
    return House(
        team=team,
        member=member,
        token=Token.objects.get(user=member),
        cluster=cluster,
        grant=new_grant(team, cluster, STAGE),
        target=target,
        release=release,
        approval=Approval.objects.create(
            release=release, gate="start", rules=[{"team": team.name, "count": 1}], asked_at=timezone.now()
        ),
        promotion=new_promotion(service, new_environment("before-stage"), target.environment, by=member),
        channel=Channel.objects.create(team=team, name="zebra-channel", kind="email", to=["zebra@example.org"]),
        helm_release=helm_release,
        operation=new_operation(helm_release, by=member, values={"password": (env or {}).get("DB_PASSWORD", "x")}),
        upload=new_upload(team, CHART, by=member),
        identity=Identity.objects.create(provider=(provider := furnish_provider(env)), subject=SUBJECT, user=member),
        rule=GroupRule.objects.create(provider=provider, group="zebra-group", team=team, role="developer"),
        sink=new_sink("zebra-sink"),
        install=install,
        run=install.runs.get(),
        passkey=passkey_of(member),
        session=session_of(member)[0],
        robot=robot,
        ci_identity=CiIdentity.objects.create(
            name=IDENTITY,
            team=team,
            robot=robot,
            provider="github",
            issuer="https://token.actions.githubusercontent.com",
            audience="https://slipway.example",
            claims={"repository": "zebra/checkout"},
        ),
        source=source,
        delivery=WebhookDelivery.objects.create(source=source, key="id:zebra", body_hash="0", done_at=timezone.now()),
        view=SavedView.objects.create(of="services", name=VIEW, owner=member, team=team),
        template=AnalysisTemplate.objects.create(
            name=TEMPLATE, team=team, definition={"query": "sum(up)", "success": "result > 0"}
        ),
    )


def furnish_provider(env: Mapping[str, str] | None) -> IdentityProvider:
    """An identity provider at an address that is refused before anybody waits for it."""
    provider = IdentityProvider(
        name=PROVIDER, title="Zebra", issuer="https://127.0.0.1:9", client_id="slipway", preset="generic"
    )
    provider.secret = {"client_secret": (env or {}).get("DB_PASSWORD", "x")}
    provider.save()
    return provider


def furnish_install(password: str) -> Install:
    """An install of one host that was checked and whose run has failed; `password` is what it signs in with."""
    install = new_install(
        INSTALL, hosts=0, status="failed", checked_at=timezone.now(), secrets={"JOIN_TOKEN": password}
    )
    new_host(install, HOST, "192.0.2.77", credential={"password": password, "sudo_password": password})
    fix = {"id": "swap_off", "title": "Turn swap off", "commands": ["swapoff -a"]}
    new_check(install, "swap", HOST, "fail", fix=fix)
    run = new_install_run(install, state="failed", problem="It did not join.")
    new_step(run, 1, "Join", HOST, "failed", problem="It did not join.")
    log(run, "a line", host=HOST)
    return install


@dataclass(frozen=True)
class Place:
    """One route of the URL map, its parts that vary still open."""

    route: str
    name: str
    view: Any

    def __str__(self) -> str:
        return f"/{self.route}"

    @property
    def words(self) -> list[str]:
        """The word before each part that varies."""
        return [self.route[: found.start()].rstrip("/").rpartition("/")[2] for found in _PARAMETER.finditer(self.route)]

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/")

    def answers(self, status: int) -> bool:
        """Whether it may answer so: a fault is none. Nobody else stands behind the house, so that 503 is right where
        one has to be asked."""
        return status < 500 or (status == 503 and any(part in self.route for part in ASKS_OTHERS))

    def filled(self, values: Mapping[str, str]) -> str:
        """The path with a value for each part. Raises KeyError for a word that the house has nothing for."""
        words = iter(self.words)
        return "/" + _PARAMETER.sub(lambda _found: values[next(words)], self.route)


def places() -> list[Place]:
    """The whole URL map, pages and API."""
    return sorted(_below(get_resolver().url_patterns, ""), key=str)


def _below(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[Place]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _below(pattern.url_patterns, route)
        else:
            yield Place(route, pattern.name or "", pattern.callback)
