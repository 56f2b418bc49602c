"""Rolling back to a revision that is kept."""

from __future__ import annotations

from collections.abc import Callable

from accounts.models import Team, User
from audit.models import Entry
from tests.callers import ApiClient
from tests.charts.conftest import Place, carried_out
from tests.charts.test_upgrade import installed

Api = Callable[..., ApiClient]


def test_it_makes_a_new_revision_of_what_was(api: Api, developer: User, payments: Team, place: Place) -> None:
    path = installed(api, developer, payments, place, greeting="first")
    carried_out(api(developer).patch(path, {"values": {"greeting": "second"}}))
    answer = api(developer).post(f"{path}rollback/", {"revision": 1})
    assert answer.json()["status"] == "pending-rollback"
    assert carried_out(answer).state == "succeeded"
    assert api(developer).get(path).json()["revision"] == 3
    assert 'greeting: "first"' in place.helm("get", "manifest", "web")
    history = api(developer).get(f"{path}history/").json()["results"]
    assert [(row["revision"], row["status"]) for row in history] == [
        (3, "deployed"),
        (2, "superseded"),
        (1, "superseded"),
    ]
    assert Entry.objects.get(action="helm_release.rollback").after == {"to_revision": 1}
    assert "second" in api(developer).get(f"{path}manifest/?revision=2").json()["manifest"]


def test_a_revision_that_is_not_kept(api: Api, developer: User, viewer: User, payments: Team, place: Place) -> None:
    path = installed(api, developer, payments, place)
    assert api(developer).post(f"{path}rollback/", {"revision": 7}).json()["errors"][0]["pointer"] == "/revision"
    assert api(developer).get(f"{path}manifest/?revision=7").status_code == 404
    assert api(developer).get(f"{path}manifest/?revision=-1").status_code == 400
    assert api(viewer).post(f"{path}rollback/", {"revision": 1}).status_code == 403
