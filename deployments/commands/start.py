"""Start a release."""

from __future__ import annotations

from accounts.models import User
from accounts.permissions import require
from clusters.grants import require_namespace
from deployments.engine.decision import Sentence
from deployments.models import Release
from deployments.plan import Plan, Wish, plan_release, target_of
from deployments.start import make_release
from services.models import Environment, Service, Target


def start_release(
    by: User,
    *,
    service: Service,
    environment: Environment,
    wish: Wish,
    reason: str = "",
    commit: str = "",
    source_url: str = "",
) -> Release:
    """Start bringing a target to what `wish` asks for. Contacts the cluster for the plan, then makes the row.

    Raises NotPermitted, ReleaseInvalid, UnknownWorkload, and ReleaseBlocked with what stands in the way.
    """
    plan = plan_for(by, service=service, environment=environment, wish=wish)
    plan.raise_refusals()
    params = {"version": _version(plan), "environment": environment.name, "by": by.username}
    said = Sentence("started", params)
    return make_release(
        plan, by=by, action="release.start", said=said, reason=reason, commit=commit, source_url=source_url
    )


def plan_for(by: User, *, service: Service, environment: Environment, wish: Wish) -> Plan:
    """The plan that a person may see before starting; asks for the same rights. Raises as `start_release` does."""
    require(by, "release.start", service.team, environment.name, service=service.name)
    target = target_of(service, environment)
    require_target_namespace(by, target)
    return plan_release(target, wish, by)


def require_target_namespace(by: User, target: Target) -> None:
    """Raises NotPermitted when the team's grant no longer covers the namespace of the target."""
    require_namespace(by, target.team, target.cluster, target.namespace)


def _version(plan: Plan) -> str:
    return Release(version_label=plan.wish.version, images=plan.images).label
