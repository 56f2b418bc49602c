"""From a release's row to the plain data that the engine works on, and back."""

from __future__ import annotations

from deployments.engine.decision import State
from deployments.engine.json import Json
from deployments.engine.read_strategy import read_strategy
from deployments.engine.spec import ReleaseSpec
from deployments.engine.strategies import AnalysisTemplate
from deployments.models import Release, Revision, portal_key


def state_of(release: Release) -> State:
    """The stored state together with what people have asked meanwhile."""
    return State.from_json(release.state, release.asks)


def spec_of(release: Release) -> ReleaseSpec:
    """What the release was asked to do."""
    target = release.target
    back = release.from_revision.template if release.from_revision else release.template_from
    return ReleaseSpec(
        id=str(release.pk),
        portal=portal_key(),
        epoch=release.epoch,
        cluster=target.cluster.name,
        namespace=target.namespace,
        workload=target.workload,
        uid=release.workload_uid,
        strategy=read_strategy(release.strategy),
        template_from=release.template_from,
        template_to=release.template_to,
        template_back=back,
        also_from=_left_by_older(release),
        kubernetes_service=release.kubernetes_service,
        templates={name: AnalysisTemplate.from_json(rules) for name, rules in release.templates.items()},
        approvals=tuple(release.approval_rules),
        emergency=release.emergency,
    )


def _left_by_older(release: Release) -> tuple[Json, ...]:
    """Templates that the superseded release may have left: where it came from, and where it wanted to go."""
    if release.supersedes is None:
        return ()
    older = release.supersedes
    newest = Revision.objects.filter(target=release.target_id).order_by("-number").first()
    return (older.template_from, older.template_to, *([newest.template] if newest else []))
