"""Uploading charts: by form and as a body, for a team, once and for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from audit.models import Entry
from charts.models import ChartArchive, ChartUpload
from tests.callers import ApiClient
from tests.charts.archives import archive, member, web_chart
from tests.factories.accounts import member_of, new_team

Api = Callable[..., ApiClient]


def sent(caller: ApiClient, content: bytes, **more: Any) -> Any:
    return caller.generic("POST", "/charts/uploads/", content, content_type="application/gzip", **more)


def test_a_form_and_a_body_are_the_same_upload(api: Api, developer: User) -> None:
    file = SimpleUploadedFile("web-1.0.0.tgz", web_chart(), "application/gzip")
    by_form = api(developer).post("/charts/uploads/", {"chart": file}, format="multipart")
    assert by_form.status_code == 201, by_form.content
    assert (by_form.json()["chart"], by_form.json()["team"], by_form.json()["version"]) == (
        "uploads/web",
        "payments",
        "1.0.0",
    )

    again = sent(api(developer), web_chart())
    assert (again.status_code, again.json()["id"]) == (200, by_form.json()["id"])
    entry = Entry.objects.get(action="chart.upload")
    assert (entry.team, entry.after["chart"]) == ("payments", "web")
    assert api(developer).get("/charts/search/?q=web").json()["results"][0]["chart"] == "uploads/web"


def test_a_key_makes_it_once(api: Api, developer: User) -> None:
    caller = api(developer)
    first, second = (sent(caller, web_chart(), headers={"Idempotency-Key": "u-1"}) for _ in range(2))
    assert first.json() == second.json() and second["Idempotency-Replayed"] == "true"
    other = sent(caller, web_chart("other"), headers={"Idempotency-Key": "u-1"})
    assert other.json()["type"].endswith("idempotency_key_reused")


def test_a_version_never_changes(api: Api, developer: User) -> None:
    sent(api(developer), web_chart())
    changed = sent(api(developer), web_chart(description="changed"))
    assert (changed.status_code, changed.json()["type"].rpartition(":")[2]) == (409, "name_taken")
    assert ChartUpload.objects.count() == 1


def test_a_name_belongs_to_the_team_that_took_it(api: Api, developer: User, stranger: User) -> None:
    sent(api(developer), web_chart())
    assert sent(api(stranger), web_chart(version="9.0.0")).status_code == 409
    assert api(stranger).get("/charts/uploads/").json()["count"] == 0
    assert api(stranger).get("/charts/search/?q=web").json()["count"] == 0


def test_an_admins_is_for_all(api: Api, admin: User, stranger: User) -> None:
    assert sent(api(admin), web_chart()).json()["team"] is None
    assert api(stranger).get("/charts/search/?q=web").json()["count"] == 1


def test_who_has_two_teams_says_which(api: Api, developer: User) -> None:
    member_of(new_team("second"), "developer", developer)
    assert sent(api(developer), web_chart()).json()["errors"][0]["pointer"] == "/team"
    told = api(developer).generic("POST", "/charts/uploads/?team=second", web_chart(), content_type="application/gzip")
    assert told.json()["team"] == "second"


def test_who_may_only_look_uploads_nothing(api: Api, viewer: User, developer: User) -> None:
    assert sent(api(viewer), web_chart()).status_code == 403
    assert sent(api(developer, scopes=["read"]), web_chart()).status_code == 403
    assert not ChartArchive.objects.exists()


@pytest.mark.parametrize(
    "content", [b"x", archive([(member("../x"), b"")])], ids=["no archive", "a path that leads out"]
)
def test_what_is_refused_is_told_and_not_kept(api: Api, developer: User, content: bytes) -> None:
    answer = sent(api(developer), content)
    assert (answer.status_code, answer["content-type"]) == (422, "application/problem+json")
    assert answer.json()["reason"] in {"archive", "path"}
    assert not ChartArchive.objects.exists()


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_a_body_of_another_kind_is_refused(api: Api, developer: User, kind: str) -> None:
    answer = api(developer).generic("POST", "/charts/uploads/", "{}", content_type=kind)
    assert answer.status_code == 415
