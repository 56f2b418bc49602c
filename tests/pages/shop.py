"""A small shop for the pages to show: two services in three environments, some well, some not, some being released."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from accounts.models import CiIdentity, Team, Token, User
from clusters.models import Cluster
from deployments.engine.decision import Sentence
from deployments.models import Approval, Release
from notifications.models import Channel
from services.models import Environment, Service, Target
from tests.factories.accounts import member_of, new_robot, new_role, new_user, token_of
from tests.factories.approvals import asked_approval
from tests.factories.clusters import new_cluster, watched_now
from tests.factories.deployments import STEPS, end, new_release, pulled_badly
from tests.factories.services import new_environment, new_service, new_target, seen_deployment
from webhooks.models import WebhookDelivery, WebhookSource


@dataclass(frozen=True)
class Shop:
    """What was made."""

    cluster: Cluster
    checkout: Service
    moving: Release
    failed: Release
    approval: Approval
    held: Release
    channel: Channel
    token: Token


def open_shop(team: Team, by: User) -> Shop:
    """`checkout` and `stock` of the team on one healthy cluster; another cluster is not heard of."""
    now = timezone.now()
    new_role("breaker", "release.abort", "release.pause")
    well = {"status": "healthy", "components": []}
    cluster = new_cluster("harbour", uid="harbour", status="connected", last_seen_at=now, health=well, health_at=now)
    new_cluster("lighthouse", uid="lighthouse", status="unreachable", last_seen_at=now - timedelta(hours=3))
    watched_now(cluster, contact_at=now + timedelta(minutes=10))
    colours = {"dev": "dev", "staging": "staging", "prod": "prod"}
    environments = [
        new_environment(name, colour=colour, order=order, protected=name == "prod")
        for order, (name, colour) in enumerate(colours.items())
    ]
    targets = {}
    for name in ("checkout", "stock"):
        service = new_service(name, team, system="shop", description=f"The {name} of the shop.")
        for environment in environments:
            target = targets[name, environment.name] = new_target(service, environment, cluster)
            is_short = (name, environment.name) == ("stock", "prod")
            seen_deployment(target, f"registry.example/shop/{name}:1.7.3", desired=3, ready=1 if is_short else 3)
    canary = {
        "type": "canary",
        "steps": [step.to_json() for step in STEPS],
        "analysis": {"templates": ["success-rate"]},
    }
    Target.objects.filter(pk=targets["checkout", "prod"].pk).update(strategy=canary)
    Environment.objects.filter(name="prod").update(
        freeze_windows=[
            {"name": "night", "mode": "block", "weekdays": ["fri"], "from": "22:00", "to": "06:00", "time_zone": "UTC"}
        ]
    )
    failed = new_release(targets["checkout", "staging"], "1.9.0", by=by, state=pulled_badly())
    end(failed, "Failed")
    ended = new_release(targets["stock", "dev"], "1.8.0", by=by)
    end(ended)
    moving = new_release(targets["checkout", "prod"], "1.8.0", by=by)
    asks = member_of(team, "developer", new_user("dana"))
    approval = asked_approval(targets["stock", "staging"], asks, (team.name, 1))
    held = new_release(targets["stock", "prod"], "1.8.0", by=by, phase="Gated", state=_held_by_window())
    channel = Channel.objects.create(team=team, name="on call", kind="email", to=["on-call@shop.example"])
    token = open_doors(team, by, moving)
    return Shop(cluster, targets["checkout", "prod"].service, moving, failed, approval, held, channel, token)


def open_doors(team: Team, by: User, release: Release) -> Token:
    """How machines come in: tokens, a robot, a CI identity, a registry that has told of images. Answers a token."""
    robot = new_robot(team, "ci")
    token_of(robot, ["deploy"], name="pipeline", expires_at=timezone.now() + timedelta(days=3))
    token_of(by, name="laptop", expires_at=timezone.now() + timedelta(days=60))
    CiIdentity.objects.create(
        name="checkout",
        team=team,
        robot=robot,
        provider="github",
        issuer="https://token.actions.githubusercontent.com",
        audience="https://slipway.example",
        claims={"repository": "shop/checkout", "ref": "refs/heads/*"},
        scopes=["deploy"],
        environments=["dev"],
    )
    rule = {"match": "shop/checkout:1.*", "service": "checkout", "environment": "prod", "strategy": "canary"}
    source = WebhookSource.objects.create(
        name="registry", kind="harbor", team=team, robot=robot, rules=[rule], secret={"now": "x"}
    )
    push = {"host": "registry.example", "path": "shop/checkout", "tag": "1.8.0", "digest": "", "commit": ""}
    told = {"match": "shop/checkout:1.*", "service": "checkout", "environment": "prod", "image": "shop/checkout:1.8.0"}
    blocked = {"outcome": "refused", "code": "release_blocked", "detail": "Another release of checkout is active."}
    for number, result in enumerate(({"outcome": "started", "release": str(release.pk)}, blocked)):
        WebhookDelivery.objects.create(
            source=source,
            key=f"id:{number}",
            body_hash=str(number),
            address="192.0.2.8",
            pushes=[push],
            results=[{**told, **result}],
            done_at=timezone.now(),
        )
    return Token.objects.get(user=by, name="laptop")


def _held_by_window() -> dict[str, object]:
    """The state of a release that the window of prod holds."""
    now = timezone.now()
    window = {"name": "night", "until": (now + timedelta(hours=8)).isoformat()}
    return {
        "reason": "FreezeWindow",
        "message": Sentence("freeze_window", {"window": "night", "until": window["until"], "role": "maintainer"}),
        "gates": {"window": {**window, "since": now.isoformat()}},
    }
