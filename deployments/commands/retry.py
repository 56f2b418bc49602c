"""Try a release again."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.permissions import require
from audit.record import audit
from deployments.commands.start import require_target_namespace
from deployments.engine.decision import Said, Sentence
from deployments.errors import WrongPhase
from deployments.models import Release, Status
from deployments.plan import Wish, plan_release
from deployments.start import add_ask, make_release


def retry_release(release: Release, *, by: User) -> Release:
    """Go on with a paused release, or start an ended one anew with the same wish. Answers the release that runs.

    Raises NotPermitted, WrongPhase while the release is under way or when it has succeeded, ReleaseBlocked and
    ReleaseInvalid as a start does.
    """
    require(by, "release.retry", release.team, release.target.environment.name, service=release.target.service.name)
    require_target_namespace(by, release.target)
    if release.ended:
        return _start_anew(release, by)
    with transaction.atomic():
        current = Release.objects.with_names().select_for_update(of=("self",)).get(pk=release.pk)
        if "retry" in current.asks:
            return current
        if current.status != Status.PAUSED:
            detail = _("Release #%(number)d is under way (%(status)s).") % {
                "number": current.number,
                "status": current.get_status_display(),
            }
            raise WrongPhase(detail, allowed=["abort"])
        said = Said("release.retry", Sentence("retry_asked", {"by": by.username}))
        add_ask(current, "retry", {"by": by.username}, said, by)
        audit(by, "release.retry", current, before={"status": current.status}, team=current.team.name)
    return Release.objects.with_names().get(pk=release.pk)


def _start_anew(release: Release, by: User) -> Release:
    if release.status == Status.SUCCEEDED:
        detail = _("Release #%(number)d has succeeded; there is nothing to try again.") % {"number": release.number}
        raise WrongPhase(detail, allowed=["rollback"])
    # A rollback is to an exact template; anything else is asked for anew on top of what runs by now.
    rollback = release.rollback_to
    wish = Wish(
        images=release.images,
        config=release.config,
        strategy=release.strategy,
        version=release.version_label,
        template=rollback.template if rollback else None,
    )
    plan = plan_release(release.target, wish, by)
    plan.raise_refusals()
    said = Sentence("retry_asked", {"by": by.username})
    return make_release(
        plan,
        by=by,
        action="release.retry",
        said=said,
        reason=release.note,
        commit=release.commit,
        source_url=release.source_url,
        rollback_to=rollback,
        retry_of=release,
    )
