"""T14: what somebody wrote into a pod template as a secret comes out nowhere: API, pages, diffs, timeline, cause."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import Team, User
from deployments.engine.decision import Said, Sentence
from tests.callers import ApiClient, PageClient
from tests.factories.deployments import checkout_target, new_release, new_revision, pulled_badly

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]

MARK = "pl4nted"
PLANTED = {
    "DB_PASSWORD": f"{MARK}-1",
    "API_TOKEN": f"{MARK}-2",
    "AWS_SECRET_ACCESS_KEY": f"{MARK}-3",
    "SIGNING_KEY": f"{MARK}-4",
    "SENTRY_DSN": f"{MARK}-5",
    "DATABASE_URL": f"postgres://shop:{MARK}-6@db/shop",
    "HEADER": f"Bearer {MARK}-7",
}


def test_t14_no_answer_and_no_page_shows_one(api: Api, web_client: Web, payments: Team, viewer: User) -> None:
    target = checkout_target(payments, "dev")
    new_revision(target, "1.7.3", **PLANTED)
    new_revision(target, "1.7.4", **{name: f"{value}x" for name, value in PLANTED.items()})
    state = pulled_badly()
    words = f"cannot log in with Bearer {MARK}-8"
    state["message"] = Sentence("pods_ImagePullFailed", {**state["message"].params, "words": words})
    state["evidence"] = {**state["evidence"], "words": words}
    said = [Said("step.failed", state["message"], {"evidence": state["evidence"]})]
    release = new_release(target, phase="Failed", env=PLANTED, state=state, said=said)

    caller, browser = api(viewer), web_client(viewer)
    seen = {
        path: caller.get(path).content.decode()
        for path in (
            "/releases/",
            f"/releases/{release.pk}/",
            f"/releases/{release.pk}/events/",
            f"/releases/{release.pk}/wait/?timeout=1",
            "/services/checkout/revisions/?environment=dev",
        )
    }
    pages = (
        "/releases/",
        f"/releases/{release.pk}/",
        "/services/checkout/deploy/?environment=dev",
        "/services/checkout/rollback/?environment=dev&to=1",
    )
    seen |= {path: browser.get(path).content.decode() for path in pages}

    assert [path for path, text in seen.items() if MARK in text] == []
