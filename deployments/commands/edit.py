"""Change what a release was asked for, while nothing of it has been written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from deployments.analysis.templates import kept_with_release
from deployments.approvals import void_changed
from deployments.commands.start import require_target_namespace
from deployments.engine.decision import Said, Sentence
from deployments.engine.json import Json
from deployments.errors import WrongPhase
from deployments.models import Release
from deployments.plan import Plan, Wish, plan_release
from deployments.save import add_events
from deployments.verbs import allowed_verbs, is_editable
from deployments.wake import wake
from durable.clock import DbNow, database_time
from durable.commit import after_commit
from web.errors import PreconditionFailed
from web.live import publish


def edit_release(
    release: Release,
    *,
    by: User,
    image: str = "",
    images: Mapping[str, str] | None = None,
    config: Mapping[str, Any] | None = None,
    strategy: str | Json | None = None,
    version: str | None = None,
) -> Release:
    """Plan the release anew with what is given; what is not stays. Voices that were given are void, and other images
    pass no promotion gate that was overridden for the earlier ones.

    `release` is as the caller saw it: PreconditionFailed when somebody has edited it since. Raises NotPermitted,
    WrongPhase once it has begun, ReleaseInvalid and ReleaseBlocked as a start does.
    """
    require(by, "release.edit", release.team, release.target.environment.name, service=release.target.service.name)
    require_target_namespace(by, release.target)
    _require_editable(release)
    wish = Wish(
        image=image,
        images={} if image else dict(images or release.images),
        config=release.config if config is None else config,
        strategy=release.strategy if strategy is None else strategy,
        supersede=True,
        version=release.version_label if version is None else version,
        emergency=release.emergency,
    )
    plan = plan_release(release.target, wish, by, instead_of=release)
    plan.raise_refusals()
    with transaction.atomic():
        current = Release.objects.with_names().select_for_update(of=("self",)).get(pk=release.pk)
        _require_editable(current)
        if current.edits != release.edits:
            raise _edited_by_other(current)
        before, changes = _facts(current), _columns(plan, current)
        what = ", ".join(name for name in ("images", "config", "strategy") if changes[name] != getattr(current, name))
        if not what and changes["version_label"] == current.version_label:
            return current
        if changes["images"] != current.images:
            changes["asks"] = {name: ask for name, ask in current.asks.items() if name != "override_promotion"}
        Release.objects.filter(pk=current.pk).update(
            **changes,
            edits=F("edits") + 1,
            version=F("version") + 1,
            event_seq=F("event_seq") + 1,
            wake_seq=F("wake_seq") + 1,
            wake_at=DbNow(),
        )
        said = Said("release.edit", Sentence("edit_asked", {"by": by.username, "what": what or "version"}))
        add_events(current.pk, current.event_seq, (said,), actor=by.username)
        edited = Release.objects.with_names().get(pk=release.pk)
        void_changed(edited, database_time())
        audit(by, "release.edit", edited, before=before, after=_facts(edited), team=edited.team.name)
        after_commit(wake, edited.pk)
        publish(f"release:{edited.pk}")
    return edited


def _require_editable(release: Release) -> None:
    if not is_editable(release) or {"abort", "supersede"} & set(release.asks):
        detail = _("Release #%(number)d is %(status)s (%(phase)s): it can't be changed any more.") % {
            "number": release.number,
            "status": release.get_status_display(),
            "phase": release.get_phase_display(),
        }
        allowed = [verb for verb in allowed_verbs(release) if verb != "edit"]
        raise WrongPhase(detail, allowed=allowed, next=_("Abort it and start another one."))


def _edited_by_other(release: Release) -> PreconditionFailed:
    detail = _("Release #%(number)d was edited by somebody else meanwhile.") % {"number": release.number}
    return PreconditionFailed(detail, next=_("Read it again, then make your change."))


def _columns(plan: Plan, release: Release) -> dict[str, Any]:
    return {
        "strategy": plan.strategy.to_json(),
        "templates": kept_with_release(plan.strategy, release.target.service.team),
        "kubernetes_service": plan.kubernetes_service,
        "images": plan.images,
        "config": dict(plan.wish.config),
        "version_label": plan.wish.version,
        "workload_uid": plan.uid,
        "checked": plan.checked,
        "template_from": plan.template_from,
        "template_to": plan.template_to,
    }


def _facts(release: Release) -> dict[str, object]:
    return {"images": release.images, "strategy": release.strategy, "version": release.version_label}
