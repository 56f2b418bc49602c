"""What every test may ask for: people, callers, the broker, the sandbox cluster. Rooms have their own conftest."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.test import Client, TransactionTestCase
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from redis import Redis

from accounts.models import Team, User
from audit import guard
from portal import valkey as broker
from tests import postgres
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import member_of, new_team, new_user
from tests.portal_run import PortalRun, running
from tests.spread import ByFile

# Two cores are shared by workers, control planes and browsers: slowness of a generator says nothing about the code.
# `make test` tries the same examples each time, so that what fails is what the change broke; `make soak` tries others.
hypothesis_settings.register_profile(
    "shared",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="SLIPWAY_EXAMPLES" not in os.environ,
    print_blob=True,
)
hypothesis_settings.load_profile("shared")

RUN_HOME = Path(os.environ["SLIPWAY_TEST_HOME"])
# About locks, leases, compare-and-swap, idempotency, paging or JSON.
BOTH_DATABASES = (
    "accounts/test_last_admin",
    "audit/",
    "clusters/observe/test_contact",
    "clusters/observe/test_read",
    "clusters/observe/test_rows",
    "clusters/observe/test_sharing",
    "clusters/observe/test_store",
    "clusters/observe/test_timers",
    "clusters/test_queries",
    "deployments/",
    "durable/",
    "services/",
    "web/",
)


def _empty_the_log_too(case: TransactionTestCase, _of_django: Any = TransactionTestCase._fixture_teardown) -> None:
    """A test that commits is followed by emptying all tables, which the audit log's guard refuses. Emptying announces
    a migration, upon which the guard is up again."""
    guard.take_down()
    _of_django(case)


TransactionTestCase._fixture_teardown = _empty_the_log_too  # type: ignore[method-assign]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """The process that began the run ends the sandbox it may have started, and removes the run's home."""
    if os.environ.get("SLIPWAY_TEST_OWNER") != str(os.getpid()):
        return
    if (RUN_HOME / "sandbox").exists():
        from sandbox.cluster import Sandbox

        Sandbox(RUN_HOME).down()
    shutil.rmtree(RUN_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None) -> None:
    """With SLIPWAY_TEST_DATABASE=postgres: one server for all workers, each of which has its own database in it."""
    if settings.DATABASES["default"]["ENGINE"] == "django.db.backends.postgresql":
        owner = int(os.environ["SLIPWAY_TEST_OWNER"])
        postgres.ensure_up(settings.POSTGRES_FOLDER, owner, RUN_HOME / "postgres.lock")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """Where the run has several workers (`--dist loadfile`)."""
    return ByFile(config, log) if config.option.dist == "loadfile" else None


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Mark what has to hold on SQLite and on PostgreSQL, and begin with the files that have slow tests in them.

    They wait for Pods and machines while others compute, and a run that ends with them ends with one worker busy.
    """
    for item in items:
        if item.path.relative_to(Path(__file__).parent).as_posix().startswith(BOTH_DATABASES):
            item.add_marker(pytest.mark.both_databases)
    yield
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """What tests have to tell beside passing, as `record_property("told", ...)`: figures and reports."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, text in getattr(report, "user_properties", []):
                if name == "told" and report.when == "call":
                    terminalreporter.write_line(str(text))


@pytest.fixture
def admin(db: None) -> User:
    """An admin."""
    return new_user("ada", is_admin=True)


@pytest.fixture
def payments(db: None) -> Team:
    """The team that the usual people belong to."""
    return new_team("payments")


@pytest.fixture
def developer(payments: Team) -> User:
    """Dev of team payments: may edit, release, abort, roll back."""
    return member_of(payments, "developer", new_user("dev"))


@pytest.fixture
def viewer(payments: Team) -> User:
    """Vic of team payments: may only look."""
    return member_of(payments, "viewer", new_user("vic"))


@pytest.fixture
def approver(payments: Team) -> User:
    """Apu of team payments: may look and approve."""
    return member_of(payments, "approver", new_user("apu"))


@pytest.fixture
def maintainer(payments: Team) -> User:
    """Mia of team payments: developer and approver, and looks after members."""
    return member_of(payments, "maintainer", new_user("mia"))


@pytest.fixture
def stranger(db: None) -> User:
    """Sam of another team: must not learn anything about team payments."""
    return member_of(new_team("strangers"), "maintainer", new_user("sam"))


@pytest.fixture
def api(valkey: Redis) -> Callable[..., ApiClient]:
    """`api(user)`: a caller of the REST API with a token of that user; `api()` has none."""
    return ApiClient.of


@pytest.fixture
def web_client(valkey: Redis) -> Callable[[User], PageClient]:
    """`web_client(user)`: a browser without JavaScript in which that user is signed in."""
    return PageClient.of


@pytest.fixture
def anonymous(valkey: Redis) -> Client:
    """A browser in which nobody is signed in."""
    return Client()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    """A real Valkey of this worker's own, behind `settings.REDIS_URL`; answers its address."""
    socket = Path(settings.VALKEY_SOCKET)
    folder = socket.with_suffix(".valkey")
    folder.mkdir()
    server = subprocess.Popen([broker.find_server(), "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert server.stdin is not None
    server.stdin.write(broker.configuration(socket, folder, "for-tests-only"))
    server.stdin.close()
    try:
        until(lambda: asyncio.run(broker.answers(socket, "for-tests-only")), seconds=10)
        yield settings.REDIS_URL
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def valkey(valkey_server: str) -> Iterator[Redis]:
    """A connection to this worker's Valkey, which is empty when the test begins."""
    with Redis.from_url(valkey_server) as connection:
        connection.flushall()
        yield connection


@pytest.fixture(scope="session")
def sandbox_cluster() -> Any:
    """The sandbox of this run: a real API server, shared by all workers, ended with the run however that ends.

    SLIPWAY_SANDBOX_HOME names the home of one that is up already and stays up.
    """
    from sandbox.cluster import Sandbox

    sandbox = Sandbox(Path(os.environ.get("SLIPWAY_SANDBOX_HOME", RUN_HOME)))
    sandbox.ensure_up(owner_pid=int(os.environ["SLIPWAY_TEST_OWNER"]))
    return sandbox


@pytest.fixture
def namespace(sandbox_cluster: Any) -> Iterator[str]:
    """A fresh namespace in the sandbox, removed after the test."""
    from tests.kubectl import Kubectl

    name = f"t-{uuid4().hex[:10]}"
    made = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    with Kubectl(sandbox_cluster.kubeconfig) as kubectl:
        kubectl.create("/api/v1/namespaces", made)
        yield name
        kubectl.delete(f"/api/v1/namespaces/{name}")


@pytest.fixture(scope="session")
def istiod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Istio's own validation, running; the test is skipped where it is not built."""
    from tests.istiod import Istiod, why_not

    if reason := why_not():
        pytest.skip(reason)
    istiod = Istiod(tmp_path_factory.mktemp("istiod"))
    yield istiod
    istiod.end()


@pytest.fixture(scope="session")
def live_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalRun]:
    """A portal of this worker's own, shared by its tests."""
    with running(tmp_path_factory.mktemp("portal")) as run:
        yield run


def until(is_so: Callable[[], object], *, seconds: float = 60) -> None:
    """Wait for a condition; fail the test when it has not come true in time."""
    give_up = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < give_up, f"not so after {seconds} s"
        time.sleep(0.05)
