"""A registry tells of a pushed image, and it runs: from the signed event to the finished release on a real cluster."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Team, User
from audit.models import Entry
from deployments.commands import approve_release
from deployments.models import Release
from deployments.tick import tick
from services.models import Environment
from tests.scenarios.conftest import IMAGE, Workload
from tests.webhooks.conftest import Send, new_source, send
from web.errors import NotPermitted
from webhooks.models import WebhookDelivery, WebhookSource

__all__ = ["send"]

Play = Callable[[Release], Release]
DIGEST = f"sha256:{'b' * 64}"
HOST, _slash, PATH = IMAGE.partition("/")


def pushed(tag: str, digest: str = DIGEST) -> dict[str, Any]:
    """The event of a CNCF registry."""
    target = {
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "repository": PATH,
        "tag": tag,
        "digest": digest,
    }
    return {"events": [{"id": tag, "action": "push", "target": target, "request": {"host": HOST}}]}


@pytest.fixture
def registry(web: Workload, payments: Team) -> WebhookSource:
    """1.* of the image of `web` goes to dev, as `registry@payments`."""
    rule = {"match": f"{PATH}:1.*", "service": "web", "environment": "dev"}
    return new_source(payments, kind="distribution", rules=[rule])


def test_a_pushed_image_runs_by_its_digest(
    web: Workload, registry: WebhookSource, send: Send, to_the_end: Play
) -> None:
    answer = send(pushed("1.1"), X_Request_Id="push-1")

    (release_id,) = answer.json()["releases"]
    release = to_the_end(Release.objects.get(pk=release_id))
    assert (answer.status_code, release.status) == (202, "succeeded")
    assert release.created_by.username == "registry@payments"
    (container,) = web.live()["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"{IMAGE}:1.1@{DIGEST}"
    started = Entry.objects.get(action="release.start")
    assert (started.actor, started.request_id) == ("registry@payments", "push-1")
    assert WebhookDelivery.objects.get().state == "succeeded"


def test_the_same_content_pushed_thrice_is_released_once(web: Workload, registry: WebhookSource, send: Send) -> None:
    answers = [send(pushed(tag)).json() for tag in ("1.1", "1.1.0", "1.1-final")]

    assert [one["results"][0]["outcome"] for one in answers] == ["started", "same", "same"]
    assert len({one["releases"][0] for one in answers}) == 1
    assert Release.objects.count() == 1


def test_another_content_while_one_is_under_way_waits_for_a_person_unless_its_rule_takes_over(
    web: Workload, registry: WebhookSource, send: Send
) -> None:
    first = send(pushed("1.1")).json()["releases"][0]
    other = f"sha256:{'c' * 64}"

    (refused,) = send(pushed("1.2", other)).json()["results"]
    registry.rules[0]["supersede"] = True
    registry.save()
    (started,) = send(pushed("1.2-again", other)).json()["results"]

    assert (refused["outcome"], refused["code"]) == ("refused", "release_blocked")
    assert refused["blocked_by"][0]["id"] == first
    assert started["outcome"] == "started"
    assert str(Release.objects.get(pk=started["release"]).supersedes_id) == first


def test_a_process_that_died_after_the_start_does_not_start_again(
    web: Workload, registry: WebhookSource, send: Send, monkeypatch: pytest.MonkeyPatch
) -> None:
    from webhooks import working

    def dies(*_about: object) -> None:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(working, "_told", dies)
        with pytest.raises(SystemExit):
            send(pushed("1.1"))
    made = Release.objects.get()
    WebhookDelivery.objects.update(lease_owner="", lease_until=None)
    # So long ago that the content alone would not tell.
    Release.objects.update(created_at=made.created_at - 2 * working.SAME_WITHIN)

    assert working.sweep() == 1
    assert WebhookDelivery.objects.get().releases == [str(made.pk)]
    assert Release.objects.count() == 1


def test_an_image_that_no_rule_means_changes_nothing(web: Workload, registry: WebhookSource, send: Send) -> None:
    for body in (pushed("2.0"), {"events": []}, {"events": [{"action": "pull"}]}):
        assert send(body).json()["results"] == []
    assert not Release.objects.exists()


def test_gates_hold_for_a_robot_whose_own_voice_never_counts(
    web: Workload, registry: WebhookSource, send: Send, payments: Team, approver: User
) -> None:
    Environment.objects.update(approvals=[{"team": "payments", "count": 1}])
    registry.robot.memberships.create(team=payments, role="maintainer")

    release = Release.objects.get(pk=send(pushed("1.1")).json()["releases"][0])
    for _ in range(3):
        tick(release.pk)
    release.refresh_from_db()

    assert (release.status, release.reason, web.image()) == ("waiting", "ApprovalRequired", "1.0")
    with pytest.raises(NotPermitted):
        approve_release(release, by=registry.robot)
