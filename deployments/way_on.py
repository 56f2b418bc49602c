"""What a release goes on with when a person lets it: for buttons that say exactly what they do."""

from __future__ import annotations

from django.utils.translation import gettext as _

from deployments.models import Release
from deployments.shares import kind_of, weight_of
from deployments.step_facts import StepFact, own_count, step_facts, step_index
from deployments.step_words import step_title


def promotes_to(release: Release) -> tuple[str, str]:
    """The label of promote here, and what it will do."""
    steps = step_facts(release)
    here = step_index(steps)
    if kind_of(release) == "blue_green":
        return _to_the_new(release, steps[here])
    following = steps[here + 1] if here + 1 < len(steps) else None
    left = _left(steps[here])
    if following is None or following.kind == "promote":
        return _("Promote to 100 %"), " ".join(
            filter(None, [left, _("%(version)s takes over on all pods.") % _of(release)])
        )
    if following.kind == "set_weight":
        label = _("Promote to %(weight)d %%") % {"weight": following.weight}
        what = _("%(version)s gets %(weight)d %% instead of %(now)d %%.") % {
            **_of(release),
            "weight": following.weight,
            "now": weight_of(release).desired,
        }
    else:
        title = step_title(following.kind, following.spec)
        label = _("Promote, next: %(step)s") % {"step": title}
        what = _("The weight stays at %(now)d %%.") % {"now": weight_of(release).desired}
    return label, " ".join(filter(None, [left, what]))


def resumes_with(release: Release) -> str:
    """What happens after a person's pause is taken away."""
    if kind_of(release) == "rolling":
        return _("Kubernetes goes on to replace old pods by new ones.")
    steps = step_facts(release)
    here = step_index(steps)
    title = step_title(steps[here].kind, steps[here].spec)
    if steps[here].kind == "promote":
        return _("Goes on with: %(step)s.") % {"step": title}
    said = {"number": here + 1, "count": own_count(steps), "step": title}
    return _("Goes on with step %(number)d of %(count)d: %(step)s.") % said


def question_of(release: Release) -> str:
    """What a paused release asks of a person."""
    steps = step_facts(release)
    here = step_index(steps)
    if kind_of(release) == "blue_green":
        return _("Switch all traffic to %(version)s?") % _of(release)
    following = next((one for one in steps[here + 1 :] if one.weight > steps[here].weight), None)
    return _("Let it go on to %(weight)d %%?") % {"weight": following.weight if following else 100}


def _to_the_new(release: Release, step: StepFact) -> tuple[str, str]:
    if step.kind in ("post_promotion", "scale_down"):
        return _("Remove the old pods"), _("The switch is final then: the way back is a new release.")
    label = _("Switch all traffic to %(version)s") % _of(release)
    return label, _("One write leads the Service to the new pods; the old ones stay until it has proven itself.")


def _left(step: StepFact) -> str:
    return _("Leaves the pause now instead of at %(at)s.") % {"at": f"{step.ends_at:%H:%M:%S}"} if step.ends_at else ""


def _of(release: Release) -> dict[str, str]:
    return {"version": release.label}
