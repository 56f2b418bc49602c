"""The installation of docker-compose.yml with two of each process, and workloads on the sandbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.conftest import until
from tests.factories.workloads import deployment
from tests.kubectl import Kubectl
from tests.production.person import Person
from tests.production.site import Site

IMAGE = "registry.shop.example/web"


class Field:
    """The site, a person, and workloads of a namespace of their own that are targets in dev."""

    def __init__(self, site: Site, person: Person, sandbox: Any, namespace: str) -> None:
        self.site = site
        self.person = person
        self.namespace = namespace
        self.kubectl = Kubectl(sandbox.kubeconfig)
        self.audit_log = Path(sandbox.status()["audit_log"])

    def add(self, name: str, *, replicas: int = 3) -> None:
        """A Deployment of 1.0, and the rows that point at it."""
        body = deployment(name, f"{IMAGE}:1.0", replicas=replicas)
        self.kubectl.create(self.path().rpartition("/")[0], body)
        until(lambda: self.live(name)["status"].get("readyReplicas") == replicas, seconds=60)
        self.person.ask("POST", "/services/", {"name": name, "team": "platform"})
        target = {"environment": "dev", "cluster": "sandbox", "namespace": self.namespace, "workload": name}
        self.person.ask("POST", f"/services/{name}/targets/", target)

    def path(self, name: str = "") -> str:
        return f"/apis/apps/v1/namespaces/{self.namespace}/deployments/{name}"

    def live(self, name: str) -> dict[str, Any]:
        return self.kubectl.get(self.path(name))

    def image(self, name: str) -> str:
        return str(self.live(name)["spec"]["template"]["spec"]["containers"][0]["image"]).rpartition(":")[2]

    def claims(self, name: str) -> list[str]:
        return [label for label in self.live(name)["metadata"]["labels"] if label.startswith("slipway.dev/")]

    def writes(self, name: str) -> int:
        """How often the API server carried out a patch of this Deployment, by its own audit log."""
        count = 0
        for line in self.audit_log.read_text().splitlines():
            if self.namespace not in line or '"verb":"patch"' not in line:
                continue
            event = json.loads(line)
            about = event.get("objectRef", {})
            mine = (about.get("resource"), about.get("namespace"), about.get("name"), about.get("subresource"))
            is_write = "dryRun" not in event["requestURI"] and event.get("responseStatus", {}).get("code") == 200
            count += mine == ("deployments", self.namespace, name, None) and is_write
        return count


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Stores that run and a database that is migrated; no process of Slipway yet."""
    site = Site(tmp_path_factory.mktemp("site"))
    try:
        site.start_stores()
        site.manage("migrate", "--no-input", "--verbosity", "0")
        yield site
    finally:
        site.close()


@pytest.fixture
def field(site: Site, sandbox_cluster: Any, namespace: str) -> Iterator[Callable[..., Field]]:
    """`field(copies)`: so many of each process, an admin, the sandbox registered."""

    def make(copies: int, *names: str) -> Field:
        user = f"u-{uuid4().hex[:8]}"
        site.manage("create_user", user, "--admin", given="a-long-password-for-tests\n")
        token = site.manage("create_token", user, "--name", "tests")
        site.start_all(copies)
        person = Person(site, token, tuple(f"web-{number + 1}" for number in range(copies)))
        if not person.ask("GET", "/clusters/")["results"]:
            kubeconfig = Path(sandbox_cluster.kubeconfig).read_text()
            wish = {"name": "sandbox", "kubeconfig": kubeconfig, "allow_private_address": True}
            person.ask("POST", "/clusters/", wish)
            person.ask("POST", "/teams/", {"name": "platform", "title": ""})
            person.ask("POST", "/environments/", {"name": "dev", "order": 1})
        made = Field(site, person, sandbox_cluster, namespace)
        for name in names:
            made.add(f"{name}-{namespace[-6:]}")
        return made

    yield make
    site.stop_all()
