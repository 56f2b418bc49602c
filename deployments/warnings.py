"""What a person should know before a rolling release, and what makes one impossible, read off the live workload."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from deployments.check_words import check_name
from deployments.engine.bounds import unavailable_of
from deployments.engine.json import Json
from deployments.engine.seen import Check
from deployments.engine.strategies import Strategy
from deployments.engine.workload import PORTAL, claim_of, desired_of, is_complete, same_template, template_of
from services.images import parse_image


@dataclass(frozen=True)
class Note:
    """A warning or a refusal: a stable code and a sentence. `blocks` marks refusals that time or a person lifts (409);
    the others are wrong in themselves (422), at `pointer` of what was sent. `facts` go into `blocked_by`."""

    code: str
    detail: str
    blocks: bool = False
    facts: Json | None = None
    pointer: str = "/"

    def to_json(self) -> dict[str, str]:
        return {"code": self.code, "detail": self.detail}


def warnings_of(deployment: Json, template_to: Json, strategy: Strategy, checks: tuple[Check, ...]) -> list[Note]:
    """What does not stop the release but may surprise."""
    return list(_warnings(deployment, template_to, strategy, checks))


def _warnings(deployment: Json, template_to: Json, strategy: Strategy, checks: tuple[Check, ...]) -> Iterator[Note]:
    replicas = desired_of(deployment)
    if same_template(template_of(deployment), template_to) and is_complete(deployment):
        yield Note("already_runs", _("This already runs: the release will change nothing."))
    if replicas == 0:
        yield Note("scaled_to_zero", _("The workload is scaled to 0: the template is written, but no pod tries it."))
    if (deployment["spec"].get("strategy") or {}).get("type") == "Recreate":
        yield Note("recreate", _("Its strategy is Recreate: all old pods stop before new ones start."))
    elif replicas and unavailable_of(deployment, replicas, strategy.max_unavailable) >= replicas:
        yield Note("all_may_go", _("With these bounds all %(count)d pods may be gone at once.") % {"count": replicas})
    for container in (template_to.get("spec") or {}).get("containers") or []:
        names = {"name": container["name"], "image": container.get("image", "")}
        if not container.get("readinessProbe"):
            text = _("Container %(name)s has no readiness probe: its pods count as ready as soon as they start.")
            yield Note("no_readiness_probe", text % names)
        if _is_mutable(str(container.get("image") or "")):
            text = _("%(image)s is named by a tag, which may come to mean another image; a digest does not.")
            yield Note("mutable_tag", text % names)
    for check in checks:
        if check.status == "unknown":
            text = _("The check “%(check)s” could not be made: %(words)s")
            yield Note("check_unknown", text % {"check": check_name(check.name), "words": check.detail})


def _is_mutable(image: str) -> bool:
    try:
        return not parse_image(image).digest
    except ValueError:
        return False


def refusals_of(
    deployment: Json, template_to: Json, portal: str, checks: tuple[Check, ...], *, busy: bool
) -> list[Note]:
    """What makes the release impossible. `busy`: an older release of ours is rolling out and will be superseded, so
    that its claim and its unfinished rollout are no obstacles."""
    return list(_refusals(deployment, template_to, portal, checks, busy=busy))


def _refusals(
    deployment: Json, template_to: Json, portal: str, checks: tuple[Check, ...], *, busy: bool
) -> Iterator[Note]:
    name = deployment["metadata"]["name"]
    claim = claim_of(deployment)
    if deployment["metadata"].get("deletionTimestamp"):
        yield Note("being_deleted", _("The Deployment %(name)s is being deleted.") % {"name": name}, blocks=True)
    if claim.portal and claim.portal != portal:
        text = _(
            "The Deployment %(name)s is claimed by another portal (%(portal)s). "
            "End its release there, or remove the label %(label)s."
        )
        words = text % {"name": name, "portal": claim.portal, "label": PORTAL}
        yield Note("foreign_claim", words, blocks=True, facts={"portal": claim.portal})
    if deployment["spec"].get("paused"):
        text = _("The Deployment %(name)s is paused (spec.paused). Resume it first.")
        yield Note("paused", text % {"name": name}, blocks=True)
    elif not busy and _is_rolling_out(deployment):
        text = _(
            "The Deployment %(name)s is in the middle of a rollout that Slipway did not start. "
            "Wait until it is done, or undo it."
        )
        yield Note("mid_rollout", text % {"name": name}, blocks=True)
    selector = ((deployment["spec"].get("selector") or {}).get("matchLabels")) or {}
    labels = (template_to.get("metadata") or {}).get("labels") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        yield Note(
            "selector", _("The new template's labels no longer match the selector of %(name)s.") % {"name": name}
        )
    for check in checks:
        if check.status == "refused":
            text = _("The API server refuses it (%(check)s): %(words)s")
            yield Note(check.reason, text % {"check": check_name(check.name), "words": check.detail})


def _is_rolling_out(deployment: Json) -> bool:
    """Old pods are still being replaced. A rollout that the controller has given up is no obstacle: it needs a fix."""
    status = deployment.get("status") or {}
    if any(one.get("type") == "Progressing" and one.get("status") == "False" for one in status.get("conditions") or []):
        return False
    behind = (status.get("observedGeneration") or 0) < (deployment["metadata"].get("generation") or 0)
    updated = status.get("updatedReplicas") or 0
    return behind or updated < desired_of(deployment) or (status.get("replicas") or 0) > updated
