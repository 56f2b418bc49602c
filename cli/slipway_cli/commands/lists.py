"""Commands that list what there is."""

from __future__ import annotations

from typing import Any

import click

from slipway_cli import completing, exits, output
from slipway_cli.client import segment
from slipway_cli.options import Call, portal

LIMIT = click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most.")
SEARCH = click.option("--search", default="", help="Words that have to occur.")


def _list(call: Call, path: str, limit: int, columns: dict[str, str], **query: Any) -> int:
    output.show_rows(call.rows(path, limit, **query), columns, call.output)
    return exits.SUCCEEDED


@click.command()
@click.option("--service", default="", shell_complete=completing.services)
@click.option("--environment", default="", shell_complete=completing.environments)
@click.option("--cluster", default="", shell_complete=completing.clusters)
@click.option(
    "--status", default="", help="queued, waiting, progressing, paused, succeeded, failed, aborted, superseded."
)
@LIMIT
@portal
def releases(call: Call, service: str, environment: str, cluster: str, status: str, limit: int) -> int:
    """List releases, newest first."""
    columns = {
        "id": "id",
        "service": "service",
        "environment": "environment",
        "version": "version",
        "status": "status",
        "reason": "reason",
        "by": "created_by",
        "created": "created_at",
    }
    asked = {"service": service, "environment": environment, "cluster": cluster, "status": status}
    return _list(call, "releases/", limit, columns, **asked)


@click.command()
@click.option("--state", default="pending", show_default=True, help="pending: those that wait for your voice.")
@LIMIT
@portal
def approvals(call: Call, state: str, limit: int) -> int:
    """List approvals that wait for you."""
    columns = {
        "release": "release",
        "service": "service",
        "environment": "environment",
        "version": "version",
        "state": "state",
        "asked by": "requested_by",
        "asked": "asked_at",
        "why not": "why_not",
    }
    return _list(call, "approvals/", limit, columns, state=state)


@click.command()
@click.argument("service", required=False, shell_complete=completing.services)
@SEARCH
@LIMIT
@portal
def services(call: Call, service: str | None, search: str, limit: int) -> int:
    """List services; of one SERVICE where it runs, and which version."""
    if service:
        columns = {
            "environment": "environment",
            "version": "seen.version",
            "health": "seen.health",
            "ready": "seen.ready",
            "desired": "seen.desired",
            "cluster": "cluster",
            "namespace": "namespace",
            "workload": "workload",
        }
        return _list(call, f"services/{segment(service)}/targets/", limit, columns)
    columns = {"name": "name", "title": "title", "team": "team", "lifecycle": "lifecycle", "system": "system"}
    return _list(call, "services/", limit, columns, search=search)


@click.command()
@LIMIT
@portal
def environments(call: Call, limit: int) -> int:
    """List environments in their order."""
    return _list(call, "environments/", limit, {"name": "name", "title": "title", "protected": "protected"})


@click.command()
@LIMIT
@portal
def clusters(call: Call, limit: int) -> int:
    """List clusters."""
    columns = {
        "name": "name",
        "status": "status",
        "health": "health",
        "version": "version",
        "environment": "environment",
        "seen": "last_seen_at",
    }
    return _list(call, "clusters/", limit, columns)
