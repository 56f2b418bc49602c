"""Clusters are reached through one door, and nothing outside is called without a limit on the time it may take."""

from __future__ import annotations

import ast
from pathlib import Path

from tests.house.files import ROOMS, imported_modules, python_files

DOORS = (Path("clusters/connection"), Path("clusters/observe/stream.py"), Path("clusters/prometheus.py"))
CLIENTS = {"httpx", "kubernetes", "urllib3"}
# What opens a connection, and the keywords of which it needs one.
LIMITS = {
    "AsyncClient": {"timeout"},
    "Client": {"timeout"},
    "call_api": {"_request_timeout"},
    "create_connection": {"timeout"},
    "from_url": {"socket_connect_timeout"},
}


def calls(tree: ast.Module) -> list[tuple[str, ast.Call]]:
    """Every call in a file with the last word of what is called."""
    return [
        (node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id, node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name)
    ]


def test_only_the_door_speaks_to_clusters() -> None:
    strangers = [
        f"{file} imports {module}"
        for file, tree in python_files(*ROOMS)
        for module in sorted(imported_modules(file, tree))
        if module in CLIENTS and not any(file.is_relative_to(door) for door in DOORS)
    ]
    # Names the errors of a client; calls Slipway's own API; posts to webhooks; reads charts; asks identity providers.
    known = {
        "clusters/observe/trouble.py imports httpx",
        "portal/run/demo.py imports httpx",
        "web/posting.py imports urllib3",
        "charts/fetching.py imports urllib3",
        "accounts/oidc/asking.py imports urllib3",
    }
    assert [line for line in strangers if line not in known] == []


def test_every_connection_has_a_limit_on_its_time() -> None:
    unlimited = [
        f"{file}:{call.lineno} {name}"
        for file, tree in python_files(*ROOMS, "sandbox")
        for name, call in calls(tree)
        if name in LIMITS
        and not LIMITS[name] & {keyword.arg for keyword in call.keywords}
        and not (name == "create_connection" and len(call.args) > 1)
    ]
    assert unlimited == []


def test_no_network_call_stands_inside_a_transaction() -> None:
    """A transaction on SQLite is a writer: while a cluster keeps it waiting, nobody else can write."""
    remote = {"call_api", "connect", "json_patch", "merge_patch", "apply", "read_and_check", "workloads_of"}
    inside = [
        f"{file}:{call.lineno} {name}"
        for file, tree in python_files("deployments", "charts", "services", "clusters")
        for node in ast.walk(tree)
        if isinstance(node, ast.With) and any("atomic" in ast.unparse(item.context_expr) for item in node.items)
        for name, call in calls(ast.Module(body=list(node.body), type_ignores=[]))
        if name in remote
    ]
    assert inside == []
