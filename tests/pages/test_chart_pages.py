"""The pages of charts in a browser: no barrier that axe finds in either theme, nothing wider than a phone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import Team, User
from charts.models import ChartRepository, HelmRelease, IndexedChart
from charts.observing import observe_cluster
from tests.charts.conftest import Place, helm_found, helm_program, place
from tests.factories.charts import new_helm_release, new_operation, new_upload
from tests.factories.registered import saved_cluster
from tests.pages.browser import Visitor

__all__ = ("helm_found", "helm_program", "place")

pytestmark = pytest.mark.browser

SCHEMA = '{"properties": {"replicas": {"type": "integer", "minimum": 1}, "tag": {"enum": ["v1", "v2"]}}}'
README = f"# web\n\n{'a-long-word' * 20}\n\n```sh\nhelm install web {'--set x=y ' * 30}\n```\n"


def shelf(by: User) -> ChartRepository:
    """Repositories of which one does not answer, and an uploaded chart with all that a page can tell of one."""
    long = f"https://charts.example.com/{'deep/' * 20}"
    made = ChartRepository.objects.create(name="company", kind="classic", url=long, refreshed_at=timezone.now())
    why = "no connection within 5 s to charts.example.org"
    ChartRepository.objects.create(
        name="away", kind="oci", url="oci://charts.example.org/x", status="unreachable", status_message=why
    )
    IndexedChart.objects.create(repository=made, name="redis", description="A store " * 30, versions=[])
    for version in ("1.0.0", "1.1.0"):
        new_upload(None, version=version, by=by, **{"README.md": README, "values.schema.json": SCHEMA})
    return made


def away(by: User) -> HelmRelease:
    """A release on a cluster that does not answer, left pending, after an operation that failed."""
    cluster = saved_cluster("away", api_url="https://127.0.0.1:9", allow_private_address=True)
    release = new_helm_release(cluster, "dev", status="pending-upgrade")
    resources = [
        {"object": f"Deployment/{'web-' * 15}", "state": "waiting", "message": "1 of 2 replicas are ready"},
        {"object": "Service/web", "state": "ready", "message": ""},
    ]
    operation = new_operation(
        release, by=by, state="failed", problem="Deployment/web is not ready", resources=resources, due_at=None
    )
    operation.lines.create(number=1, text="helm upgrade --install web " + "--long " * 40)
    return release


PAGES: dict[str, Callable[[HelmRelease], str]] = {
    "helm-releases": lambda release: "/charts/",
    "helm-release-away": lambda release: release.get_absolute_url(),
    "helm-release-choose": lambda release: f"{release.get_absolute_url()}upgrade/?choose=true&search=web",
    "helm-release-choose-none": lambda release: f"{release.get_absolute_url()}upgrade/?choose=true&search=nothing",
    "chart-find": lambda release: "/charts/find/",
    "chart-find-none": lambda release: "/charts/find/?search=nothing",
    "chart": lambda release: "/charts/show/?chart=uploads/web&version=1.1.0",
    "chart-install": lambda release: "/charts/install/?chart=uploads/web",
    "chart-repositories": lambda release: "/charts/repositories/",
    "chart-repository-edit": lambda release: "/charts/repositories/company/edit/",
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits_a_phone(visitor: Visitor, admin: User, name: str) -> None:
    shelf(admin)
    release = away(admin)
    visitor.sign_in(admin)
    visitor.go(PAGES[name](release))
    visitor.shoot(name)

    assert visitor.barriers() == []
    assert visitor.overflow() <= 0


@pytest.mark.parametrize(
    "path",
    ["", "upgrade/?chart=uploads/web&version=1.1.0", "upgrade/?chart=uploads/db", "rollback/?to=1", "uninstall/"],
    ids=["release", "upgrade", "upgrade-other", "rollback", "uninstall"],
)
def test_a_page_of_a_release_that_runs_is_so_too(
    visitor: Visitor, admin: User, payments: Team, place: Place, path: str
) -> None:
    at = f"{running(admin, place).get_absolute_url()}{path}"
    visitor.sign_in(admin)
    visitor.go(at)
    visitor.shoot(f"helm-release-{path.partition('/')[0] or 'page'}")

    assert visitor.barriers() == []
    assert visitor.overflow() <= 0


def test_a_release_that_helm_made_is_upgraded_by_its_button(visitor: Visitor, admin: User, place: Place) -> None:
    release = running(admin, place)
    visitor.sign_in(admin)
    page = visitor.go(release.get_absolute_url())
    page.get_by_role("link", name="Upgrade").click()
    page.get_by_role("link", name="1.1.0 uploads/web").click()
    page.get_by_role("button", name="Dry run").click()
    page.get_by_role("heading", name="What it would do").wait_for()
    visitor.shoot("helm-release-tried")
    assert visitor.barriers() == []
    assert visitor.overflow() <= 0


def running(by: User, place: Place) -> HelmRelease:
    """A release that the helm command made of web 1.0.0 and upgraded once."""
    shelf(by)
    new_upload(None, "db")
    archive = place.kubeconfig.parent / f"{place.namespace}.tgz"
    archive.write_bytes(new_upload(None, version="0.9.0").archive.packed)
    try:
        place.helm("install", "theirs", str(archive))
        place.helm("upgrade", "theirs", str(archive), "--set", "replicas=2")
    finally:
        archive.unlink()
    observe_cluster(place.cluster.pk)
    return HelmRelease.objects.get(namespace=place.namespace)
