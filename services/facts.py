"""The rows of the catalog as plain values: what audit entries keep and what the API answers."""

from __future__ import annotations

from typing import Any

from services.models import Environment, Service, Target


def environment_facts(environment: Environment) -> dict[str, Any]:
    """All that people set on an environment."""
    return {
        "name": environment.name,
        "title": environment.title,
        "order": environment.order,
        "protected": environment.protected,
        "approvals": environment.approvals,
        "freeze_windows": environment.freeze_windows,
        "strategy": environment.strategy,
        "promotion": environment.promotion,
        "colour": environment.colour,
    }


def service_facts(service: Service) -> dict[str, Any]:
    """All that people set on a service; `team` by name."""
    return {
        "name": service.name,
        "title": service.title,
        "description": service.description,
        "team": service.team.name,
        "lifecycle": service.lifecycle,
        "system": service.system,
        "tags": service.tags,
        "links": service.links,
        "annotations": service.annotations,
        "depends_on": service.depends_on,
        "provides_apis": service.provides_apis,
    }


def target_facts(target: Target) -> dict[str, Any]:
    """All that people set on a target; service, environment and cluster by name."""
    return {
        "service": target.service.name,
        "environment": target.environment.name,
        "cluster": target.cluster.name,
        "namespace": target.namespace,
        "workload": target.workload,
        "kind": target.kind,
        "container": target.container,
        "kubernetes_service": target.kubernetes_service,
        "strategy": target.strategy,
    }
