"""Making the row of a release: the one place where start, rollback and retry meet."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from accounts.models import User
from audit.record import audit
from clusters.models import KeepWhole
from clusters.observe.feed import feed
from deployments.analysis.templates import kept_with_release
from deployments.engine.decision import Said, Sentence, State
from deployments.engine.json import Json
from deployments.errors import ReleaseBlocked
from deployments.models import Promotion, Release, Revision
from deployments.named_objects import contents_of
from deployments.plan import Plan
from deployments.revisions import found_revision, newest_revision
from deployments.save import add_events
from deployments.wake import wake
from durable.clock import DbNow, database_time
from durable.commit import after_commit
from durable.idempotency import note_made
from services.models import Target
from web import request_id
from web.live import publish


def make_release(
    plan: Plan,
    *,
    by: User,
    action: str,
    said: Sentence,
    reason: str = "",
    commit: str = "",
    source_url: str = "",
    notes: tuple[Said, ...] = (),
    rollback_to: Revision | None = None,
    retry_of: Release | None = None,
    promoted_from: Release | None = None,
    promotion: Promotion | None = None,
) -> Release:
    """Turn a plan without refusals into a queued release, and have it advanced once that is committed.

    `notes` are said in the timeline after the first line. An active release of the target is asked to let go; the new
    one waits for it. Raises ReleaseBlocked when another release took the target between the plan and now.
    """
    target = plan.target
    contents = contents_of(target, plan.template_from)
    notes = (*notes, *_overridden(plan))
    try:
        with transaction.atomic():
            # Every release of a target passes this row, so that numbers and the one active release are decided in turn.
            Target.objects.select_for_update().get(pk=target.pk)
            older = _let_go(target, plan, by)
            release = Release.objects.create(
                target=target,
                number=(Release.objects.filter(target=target).aggregate(last=Max("number"))["last"] or 0) + 1,
                strategy=plan.strategy.to_json(),
                templates=kept_with_release(plan.strategy, target.service.team),
                kubernetes_service=plan.kubernetes_service,
                emergency=plan.wish.emergency,
                approval_rules=list(target.environment.approvals),
                images=plan.images,
                config=dict(plan.wish.config),
                version_label=plan.wish.version or (rollback_to.version_label if rollback_to else ""),
                workload_uid=plan.uid,
                checked=plan.checked,
                template_from=plan.template_from,
                template_to=plan.template_to,
                from_revision=_running(target, plan, contents, older),
                rollback_to=rollback_to,
                retry_of=retry_of,
                promoted_from=promoted_from,
                promotion=promotion,
                asks={"override_promotion": plan.override} if plan.override else {},
                supersedes=older,
                note=reason,
                commit=commit,
                source_url=source_url,
                created_by=by,
                request_id=request_id.current(),
                holding=older is None,
                state=State(holding=older is None).to_json(),
                wake_at=database_time(),
                event_seq=1 + len(notes),
            )
            note_made(release.pk)
            KeepWhole.objects.create(
                cluster=target.cluster, namespace=target.namespace, workload=target.workload, release_id=release.pk
            )
            first = Said(action, said, {"reason": reason} if reason else {})
            add_events(release.pk, 0, (first, *notes), actor=by.username)
            audit(by, action, release, after=_facts(release), team=target.team.name)
            if plan.override:
                audit(by, "release.override", release, team=target.team.name, **_without_by(plan.override))
            if plan.looked_at:
                after_commit(feed, target.cluster_id, plan.looked_at.objects())
            after_commit(wake, release.pk)
            _announce(target)
    except IntegrityError as error:
        raise _taken(target) from error
    return release


def _overridden(plan: Plan) -> tuple[Said, ...]:
    """The line of the timeline that says who let the release pass its promotion gate, and why."""
    if not plan.override:
        return ()
    return (Said("release.override", Sentence("override_promotion_asked", plan.override), _without_by(plan.override)),)


def _without_by(ask: Json) -> Json:
    return {name: value for name, value in ask.items() if name != "by"}


def _running(target: Target, plan: Plan, contents: dict[str, str], older: Release | None) -> Revision | None:
    """What an abort goes back to: what runs, or while an older release is under way, what ran before that."""
    return newest_revision(target) if older else found_revision(target, plan.template_from, contents)


def _let_go(target: Target, plan: Plan, by: User) -> Release | None:
    """Ask every release that has not ended to let the target go. Answers the one that holds it, if any.

    One whose outcome is known already is only waited for: nobody needs to ask for what it does anyway.
    """
    active = list(Release.objects.active().filter(target=target).order_by("-holding", "-created_at"))
    going_on = [release for release in active if not release.is_giving_back]
    if going_on and not plan.wish.supersede:
        raise _taken(target)
    for older in going_on:
        said = Said("release.supersede", Sentence("supersede_asked", {"by": by.username}))
        add_ask(older, "supersede", {"by": by.username}, said, by)
    return active[0] if active else None


def add_ask(release: Release, name: str, ask: dict[str, str], said: Said, by: User) -> None:
    """Note what a person asks of a release and wake it, in the caller's transaction; the next tick answers.

    The version is raised, so that a tick which decided before it knew cannot overwrite the ask.
    """
    locked = Release.objects.select_for_update().get(pk=release.pk)
    Release.objects.filter(pk=release.pk).update(
        asks={**locked.asks, name: ask},
        version=F("version") + 1,
        event_seq=F("event_seq") + 1,
        wake_seq=F("wake_seq") + 1,
        wake_at=DbNow(),
    )
    add_events(release.pk, locked.event_seq, (said,), actor=by.username)
    after_commit(wake, release.pk)
    publish(f"release:{release.pk}")


def _taken(target: Target) -> ReleaseBlocked:
    active = Release.objects.active().filter(target=target).first()
    detail = _("Another release of %(target)s is active.") % {"target": target}
    blocked_by = [{"kind": "release", "id": str(active.pk), "status": active.status}] if active else []
    next_step = _("Wait for it, abort it, or ask to supersede it.")
    return ReleaseBlocked(detail, blocked_by=blocked_by, next=next_step)


def _facts(release: Release) -> dict[str, object]:
    return {
        "target": str(release.target),
        "images": release.images,
        "strategy": release.strategy,
        "emergency": release.emergency,
        "from_revision": release.from_revision.number if release.from_revision else None,
        "supersedes": str(release.supersedes_id) if release.supersedes_id else None,
    }


def _announce(target: Target) -> None:
    publish(f"service:{target.service.name}", "releases", "home")
