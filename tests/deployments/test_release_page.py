"""The page of a release: what it opens with, what it shows, and to whom."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from deployments.engine.decision import Counts, Said, Sentence
from deployments.engine.workload import HASH
from services.models import Target
from tests.callers import PageClient
from tests.factories.clusters import observed, watched_now
from tests.factories.deployments import REPOSITORY, new_release, new_revision, pulled_badly, template
from tests.factories.services import deployment_as_seen

Web = Callable[[User], PageClient]


def page_of(browser: PageClient, release: object) -> str:
    return browser.get(f"/releases/{release.pk}/").content.decode()  # type: ignore[attr-defined]


def test_it_tells_where_it_goes_from_where_and_who_asked(
    web_client: Web, viewer: User, developer: User, target: Target
) -> None:
    release = new_release(target, by=developer, note="Retry the payment once", commit="a41f09c12")

    page = page_of(web_client(viewer), release)

    assert "asked by <b>dev</b>" in page
    assert 'from <span class="mono">1.7.3</span>' in page
    assert "“Retry the payment once”" in page
    assert 'data-environment="dev"' in page
    assert f"<ins>    image: {REPOSITORY}:1.8.0</ins>" in page


def test_a_failed_one_opens_with_the_cause_and_the_words_that_prove_it(
    web_client: Web, viewer: User, target: Target
) -> None:
    state = pulled_badly()
    said = [
        Said("step.failed", state["message"], {"evidence": state["evidence"]}),
        Said("release.fail", state["message"]),
    ]
    release = new_release(target, "1.9.0", phase="Failed", state=state, said=said)

    page = page_of(web_client(viewer), release)

    cause, rest = page.index("<h2>The image of pod checkout-77-x cannot be pulled</h2>"), page.index('class="steps"')
    assert cause < rest
    assert "Back-off pulling image" in page[cause:rest]
    assert "Seen on Pod checkout-77-x, container checkout: ImagePullBackOff" in page[cause:rest]
    assert "Check that the image was pushed" in page[cause:rest]
    # The timeline quotes the cluster once, however often the sentence comes again.
    assert page.count("Back-off pulling image") == 2


def test_pods_stand_under_the_version_that_they_run(web_client: Web, viewer: User, target: Target) -> None:
    release = new_release(target, counts=Counts(desired=2, new=1, new_ready=0, old=2, old_ready=2))
    deployment = deployment_as_seen("checkout", "dev", f"{REPOSITORY}:1.8.0")
    observed(target.cluster, deployment, whole=True)
    watched_now(target.cluster)
    for version, uid in (("1.7.3", "rs-old"), ("1.8.0", "rs-new")):
        owner = {"kind": "Deployment", "name": "checkout", "uid": "dev-checkout", "controller": True}
        kept = template(version)
        kept["metadata"]["labels"] = {**kept["metadata"]["labels"], HASH: uid}
        metadata = {"name": f"checkout-{uid}", "namespace": "dev", "uid": uid, "ownerReferences": [owner]}
        observed(target.cluster, {"kind": "ReplicaSet", "metadata": metadata, "spec": {"template": kept}}, whole=True)
    waiting = {"waiting": {"reason": "ImagePullBackOff", "message": "no such <image>"}}
    for name, uid, state in (("pod-old", "rs-old", {"running": {}}), ("pod-new", "rs-new", waiting)):
        owner = {"kind": "ReplicaSet", "name": f"checkout-{uid}", "uid": uid, "controller": True}
        ready = "True" if "running" in state else "False"
        observed(
            target.cluster,
            {
                "kind": "Pod",
                "metadata": {"name": name, "namespace": "dev", "uid": name, "ownerReferences": [owner]},
                "spec": {"nodeName": "worker-a1", "containers": [{"name": "checkout", "image": "x"}]},
                "status": {
                    "phase": "Running",
                    "conditions": [{"type": "Ready", "status": ready}],
                    "containerStatuses": [{"name": "checkout", "restartCount": 4, "state": state}],
                },
            },
        )

    page = page_of(web_client(viewer), release)
    row = page[page.index('id="pod-pod-new"') : page.index('id="pod-pod-old"')]

    assert 'data-side="new"' in row
    assert "ImagePullBackOff" in row
    assert "no such &lt;image&gt;" in row
    assert 'data-side="old"' in page[page.index('id="pod-pod-old"') :]


def test_pods_of_today_are_not_shown_as_those_of_an_older_release(
    web_client: Web, viewer: User, target: Target
) -> None:
    older = new_release(target, "1.8.0", phase="Succeeded")
    new_release(target, "1.9.0", phase="Succeeded")

    assert "Later releases have followed" in page_of(web_client(viewer), older)


def test_one_that_succeeded_offers_the_way_back(web_client: Web, developer: User, target: Target) -> None:
    release = new_release(target, phase="Succeeded")

    page = page_of(web_client(developer), release)

    assert "Roll back to revision 1 (1.7.3)" in page
    assert "/services/checkout/rollback/?environment=dev&amp;to=1" in page


def test_the_live_part_alone_is_the_same_as_in_the_page(web_client: Web, viewer: User, target: Target) -> None:
    release = new_release(target)
    browser = web_client(viewer)

    part = browser.fragment(f"/releases/{release.pk}/", "progress").content.decode()

    assert part.lstrip().startswith('<div class="stack" id="progress"')
    assert f'data-live="release:{release.pk},service:checkout"' in part
    assert "<html" not in part
    assert "About this release" not in part


def test_who_may_not_see_it_gets_no_part_of_it(web_client: Web, stranger: User, target: Target) -> None:
    release = new_release(target)
    browser = web_client(stranger)

    assert browser.get(f"/releases/{release.pk}/").status_code == 404
    assert browser.fragment(f"/releases/{release.pk}/", "progress").status_code == 404


@pytest.mark.parametrize("text", ["<img src=x onerror=alert(1)>", "{{7*7}}", "javascript:alert(1)", '" hx-get="/x'])
def test_t18_what_people_and_clusters_write_stays_text(
    web_client: Web, viewer: User, target: Target, text: str
) -> None:
    state = pulled_badly()
    state["message"] = Sentence("pods_ImagePullFailed", {**state["message"].params, "name": text, "words": text})
    release = new_release(
        target, phase="Failed", state=state, note=text, commit=text, version_label=text, source_url=text
    )

    page = page_of(web_client(viewer), release)

    assert "<img src=x" not in page
    assert 'href="javascript:' not in page
    assert 'hx-get="/x' not in page
    assert ">49<" not in page


def test_t14_a_secret_in_a_template_is_nowhere_on_the_page(web_client: Web, viewer: User, target: Target) -> None:
    new_revision(target, "1.7.3", DB_PASSWORD="s3cr3t-old", MODE="calm")
    release = new_release(target, env={"DB_PASSWORD": "s3cr3t-new", "MODE": "brisk"})

    page = page_of(web_client(viewer), release)

    assert "s3cr3t" not in page
    assert "brisk" in page


def test_the_number_of_queries_is_bounded(web_client: Web, viewer: User, target: Target) -> None:
    said = [Said("checks.pass", Sentence("checks_passed", {}))] * 20
    release = new_release(target, said=said)
    browser = web_client(viewer)
    page_of(browser, release)

    with CaptureQueriesContext(connection) as whole:
        page_of(browser, release)
    with CaptureQueriesContext(connection) as part:
        browser.fragment(f"/releases/{release.pk}/", "progress")

    assert len(whole) <= 12
    assert len(part) < len(whole)


def test_one_that_waits_says_for_what(web_client: Web, viewer: User, target: Target) -> None:
    older = new_release(target)
    state = {"message": Sentence("waits_for_older", {})}
    release = new_release(target, "1.9.0", phase="Queued", supersedes=older, holding=False, state=state)

    assert "Waiting for the older release of this target to let it go" in page_of(web_client(viewer), release)
