"""Releases as commands and ticks would have left them, without a cluster behind them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import Max
from django.utils import timezone

from accounts.models import Team, User
from deployments.engine.decision import Counts, Said, Sentence, State
from deployments.engine.json import Json
from deployments.engine.strategies import Analyse, Approve, BlueGreen, Canary, Pause, RollingUpdate, SetWeight, Step
from deployments.engine.workload import hash_of
from deployments.models import Promotion, PromotionItem, Release, ReleaseEvent, Revision
from deployments.save import STATUS, add_events, status_of
from services.models import Environment, Service, Target
from tests.factories.services import new_service, new_target

REPOSITORY = "registry.example/shop/checkout"


def template(version: str = "1.7.3", *, container: str = "checkout", **env: str) -> Json:
    """A pod template of one container with that version, and with environment variables."""
    variables = [{"name": name, "value": value} for name, value in env.items()]
    spec: Json = {"name": container, "image": f"{REPOSITORY}:{version}", **({"env": variables} if variables else {})}
    return {"metadata": {"labels": {"app": container}}, "spec": {"containers": [spec]}}


def checkout_target(team: Team, environment: str = "dev", **fields: Any) -> Target:
    """Where service `checkout` of the team runs in an environment."""
    service = team.services.filter(name="checkout").first() or new_service("checkout", team)
    return new_target(service, environment, **fields)


def new_promotion(service: Service, origin: Environment, to: Environment, *, by: User | None = None) -> Promotion:
    """A promotion of one service among several, of which nothing has begun; nobody looks at it."""
    promotion = Promotion.objects.create(origin=origin, to=to, system="zebra-system", created_by=by, due_at=None)
    PromotionItem.objects.create(
        promotion=promotion, service=service, wave=1, version="1.8.0", image=f"{REPOSITORY}:1.8.0"
    )
    return promotion


def new_revision(target: Target, version: str = "1.7.3", **env: str) -> Revision:
    """The next revision of the target."""
    number = (Revision.objects.filter(target=target).aggregate(last=Max("number"))["last"] or 0) + 1
    kept = template(version, container=target.container, **env)
    return Revision.objects.create(
        target=target,
        number=number,
        images={target.container: f"{REPOSITORY}:{version}"},
        template=kept,
        template_hash=hash_of(kept),
        finished_at=timezone.now(),
    )


def new_release(
    target: Target,
    version: str = "1.8.0",
    *,
    by: User | None = None,
    phase: str = "Progressing",
    said: Iterable[Said] = (),
    counts: Counts | None = None,
    env: dict[str, str] | None = None,
    state: dict[str, Any] | None = None,
    **columns: Any,
) -> Release:
    """A release from the target's newest revision (1.7.3 where there is none) to a version, in a phase.

    `state` are fields of the engine's State; `said` is what its timeline says after the line that it was started.
    """
    number = (Release.objects.filter(target=target).aggregate(last=Max("number"))["last"] or 0) + 1
    old = Revision.objects.filter(target=target).first() or new_revision(target)
    start = timezone.now() - timedelta(seconds=30)
    asked = {
        "started_at": None if phase == "Queued" else start,
        "counts": counts or Counts(3, 1, 1, 3, 3),
        **(state or {}),
    }
    stored = State(phase=phase, **asked)
    ended = stored.is_terminal
    release = Release.objects.create(
        target=target,
        number=number,
        images={target.container: f"{REPOSITORY}:{version}"},
        template_from=old.template,
        template_to=template(version, container=target.container, **(env or {})),
        from_revision=old,
        created_by=by,
        **{
            "strategy": RollingUpdate().to_json(),
            "status": status_of(stored),
            "phase": phase,
            "reason": stored.reason,
            "state": stored.to_json(),
            "ended": ended,
            "holding": not ended,
            "started_at": stored.started_at,
            "finished_at": timezone.now() if ended else None,
            "wake_at": None if ended else timezone.now() + timedelta(minutes=1),
            **columns,
        },
    )
    who = by.username if by else "slipway"
    params = {"version": version, "environment": target.environment.name, "by": who}
    say(release, Said("release.start", Sentence("started", params)), *said, by=who)
    return release


STEPS: tuple[Step, ...] = (SetWeight(10), Pause(60), Analyse(("success-rate",)), Approve(2), SetWeight(50), Pause())


def new_canary(
    target: Target,
    *,
    step: int = 0,
    weight: int = 0,
    phase: str = "Progressing",
    steps: tuple[Step, ...] = STEPS,
    counts: Counts | None = None,
    state: dict[str, Any] | None = None,
    strategy: dict[str, Any] | None = None,
    **columns: Any,
) -> Release:
    """A canary of ten pods at a step; `strategy` are more fields of the Canary. Times are of half a minute ago."""
    began = timezone.now() - timedelta(seconds=30)
    asked = {"step": step, "weight": weight, "step_started_at": began, "weight_since": began if weight else None}
    new = round(weight / 10)
    return new_release(
        target,
        phase=phase,
        counts=counts or Counts(10, new, new, 10 - new, 10 - new),
        state={**asked, **(state or {})},
        strategy=Canary(steps=steps, **(strategy or {})).to_json(),
        **columns,
    )


def new_blue_green(
    target: Target,
    *,
    phase: str = "Progressing",
    state: dict[str, Any] | None = None,
    strategy: dict[str, Any] | None = None,
    **columns: Any,
) -> Release:
    """A blue-green release of three pods whose preview is ready; `strategy` are fields of the BlueGreen."""
    began = {"step_started_at": timezone.now() - timedelta(seconds=30)}
    return new_release(
        target,
        phase=phase,
        counts=columns.pop("counts", Counts(3, 3, 3, 3, 3)),
        state={**began, **(state or {})},
        strategy=BlueGreen(**(strategy or {})).to_json(),
        **columns,
    )


def step_said(kind: str, index: int, step: str, **data: Any) -> Said:
    """A line of the timeline about one step: `kind` is started or finished."""
    about = {"number": index + 1, "count": len(STEPS), "weight": 10, "seconds": 4.2}
    code = f"step_{step}" if kind == "started" else "step_finished"
    return Said(f"step.{kind}", Sentence(code, about), {"step": index, "kind": step, **data})


def say(release: Release, *said: Said, by: str = "slipway") -> None:
    """Add lines to a release's timeline."""
    add_events(release.pk, release.event_seq, said, actor=by)
    release.event_seq += len(said)
    Release.objects.filter(pk=release.pk).update(event_seq=release.event_seq)


def end(release: Release, phase: str = "Succeeded", code: str = "succeeded_at_zero") -> None:
    """End a release as a tick would, and say so in its timeline."""
    target = release.target
    names = {"workload": target.workload, "namespace": target.namespace, "cluster": target.cluster.name}
    kind = {"Succeeded": "release.succeed", "Failed": "release.fail", "Aborted": "release.abort"}[phase]
    say(release, Said(kind, Sentence(code, names)))
    Release.objects.filter(pk=release.pk).update(
        phase=phase, status=STATUS[phase], ended=True, holding=False, finished_at=timezone.now(), wake_at=None
    )


def pulled_badly(version: str = "1.9.0") -> dict[str, Any]:
    """The state of a release whose new pods cannot pull their image: fields for `new_release(state=...)`."""
    words = f'Back-off pulling image "{REPOSITORY}:{version}": not found'
    params = {
        "kind": "Pod",
        "name": "checkout-77-x",
        "where": "container checkout: ImagePullBackOff",
        "words": words,
        "workload": "checkout",
        "namespace": "dev",
        "cluster": "c",
    }
    evidence = {name: params[name] for name in ("kind", "name", "where", "words")}
    return {
        "outcome": "Failed",
        "reason": "ImagePullFailed",
        "message": Sentence("pods_ImagePullFailed", params),
        "evidence": evidence,
    }


def kinds_of(release: Release) -> list[str]:
    """The kinds of a release's timeline, in order."""
    return list(ReleaseEvent.objects.filter(release=release).order_by("seq").values_list("kind", flat=True))
