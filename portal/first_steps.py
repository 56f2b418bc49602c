"""What a new installation finds in place: environments, a first cluster, and the demo shop taken into the catalog.

Every step calls the command that people call, looks first whether it is still needed, and undoes nothing that people
did since: a start does it again without harm.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from audit.models import Entry
from clusters.commands.announce import announce_cluster
from clusters.commands.edit import edit_cluster
from clusters.commands.register import register_cluster
from clusters.commands.rotate import rotate_credentials
from clusters.commands.source import Source
from clusters.connection.kubeconfig import contexts_of
from clusters.errors import ClusterRefused
from clusters.models import Cluster
from services.commands.create_environment import create_environment
from services.commands.import_services import import_live
from services.models import Environment, Service

SANDBOX = "sandbox"
LOOK_EVERY_SECONDS = 1.0

Say = Callable[[str], object]


def make_environments(say: Say) -> None:
    """Development, staging and production, where there is no environment yet."""
    if Environment.objects.exists():
        return
    create_environment(None, "dev", title=_("Development"), order=10, colour="dev")
    create_environment(None, "staging", title=_("Staging"), order=20, colour="staging")
    create_environment(None, "prod", title=_("Production"), order=30, colour="prod")
    say(_("environments dev, staging and prod are there"))


def announce_sandbox(progress: dict[str, Any]) -> None:
    """Show the sandbox as a cluster that is coming, with how far it is, until it is registered."""
    if _registered_sandbox() is None:
        announce_cluster(
            SANDBOX, {name: progress.get(name) for name in ("phase", "fraction", "eta_seconds", "message")}
        )


def take_in_sandbox(say: Say) -> None:
    """Show the sandbox while it builds, register it once it answers, and import its shop into an empty catalog."""
    sandbox = _when_ready(say)
    source = Source(kubeconfig=Path(sandbox["kubeconfig"]).read_text(), allow_private_address=True)
    cluster = _registered_sandbox()
    if cluster is None:
        cluster, _steps = register_cluster(
            None, SANDBOX, source, title=_("Local sandbox"), prometheus_url=sandbox["prometheus_url"]
        )
        say(_("the sandbox is registered as cluster “%(name)s”") % {"name": SANDBOX})
    elif cluster.api_url != sandbox["api_url"]:
        # Its ports were taken by another program, so it came up on new ones.
        cluster, _steps = rotate_credentials(None, cluster, source)
        say(_("the sandbox moved to %(url)s") % {"url": sandbox["api_url"]})
    follow_prometheus(cluster, sandbox["prometheus_url"])
    if not Service.objects.exists():
        plan = import_live(first_admin(), cluster)
        say(_("imported %(count)d services from the sandbox") % {"count": len(plan.create)})


def follow_prometheus(cluster: Cluster, url: str) -> None:
    """Take over a new address of the sandbox's Prometheus. One that is elsewhere was given by a person, and stays."""
    if cluster.prometheus_url != url and cluster.prometheus_url.startswith("http://127.0.0.1:"):
        edit_cluster(first_admin(), cluster, prometheus_url=url)


def _registered_sandbox() -> Cluster | None:
    """The sandbox once it is registered, whatever people call it by now."""
    registered = Entry.objects.filter(action="cluster.register", actor_id=None, object_name=SANDBOX)
    is_it = Q(name=SANDBOX) | Q(pk__in=list(registered.values_list("object_id", flat=True)))
    return Cluster.objects.filter(is_it).exclude(credential=None).first()


def take_in(kubeconfig: Path, say: Say) -> None:
    """Register somebody's own cluster by the current context of a kubeconfig, under that context's name.

    A refusal is only said: asking again would not change it, and the page offers the same with every step shown.
    """
    text, name = kubeconfig.read_text(), "cluster"
    try:
        current = next((context.name for context in contexts_of(text) if context.is_current), "")
        name = re.sub(r"[^a-z0-9]+", "-", current.lower())[:63].strip("-") or name
        if Cluster.objects.filter(name=name).exists():
            say(_("cluster “%(name)s” is registered already") % {"name": name})
            return
        # Whoever may start the portal on this machine may let it reach this machine.
        register_cluster(None, name, Source(kubeconfig=text, allow_private_address=True))
    except ClusterRefused as refusal:
        say(_("cluster “%(name)s” was not registered: %(why)s") % {"name": name, "why": refusal.detail})
        say(refusal.next)
        return
    say(_("your cluster is registered as “%(name)s”") % {"name": name})


def first_admin() -> User:
    """The administrator that a local run made. Raises User.DoesNotExist."""
    return User.objects.filter(is_admin=True, is_active=True).order_by("created_at").earliest("created_at")


def _when_ready(say: Say) -> dict[str, Any]:
    """What `sandbox status` says once it is up; until then the cluster is shown as building, with its progress."""
    progress_file = settings.HOME / "sandbox" / "progress.json"
    said = ""
    while True:
        progress = _read(progress_file)
        if progress.get("state") == "ready" and (status := _status())["state"] in {"ready", "degraded"}:
            return status
        if progress:
            announce_sandbox(progress)
        if progress.get("phase", "") != said:
            said = progress.get("phase", "")
            say(_("waiting for the sandbox: %(phase)s") % {"phase": said})
        time.sleep(LOOK_EVERY_SECONDS)


def _read(file: Path) -> dict[str, Any]:
    try:
        progress: dict[str, Any] = json.loads(file.read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}
    return progress


def _status() -> dict[str, Any]:
    """The sandbox is another program: it is asked the way everybody asks it."""
    words = [sys.executable, "-m", "sandbox", "status", "--json"]
    answer = subprocess.run(words, capture_output=True, text=True, timeout=30, check=True)
    status: dict[str, Any] = json.loads(answer.stdout)
    return status
