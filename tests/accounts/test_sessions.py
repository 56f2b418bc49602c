"""Where people are signed in: listed, ended from elsewhere, and out at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session as Carrier
from django.test import Client
from django.utils import timezone

from accounts.api_auth import user_for_session
from accounts.models import Session, User
from accounts.sessions import SEEN_EVERY, end_sessions
from accounts.tasks import forget_sessions
from audit.models import Entry
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import new_user, session_of

pytestmark = pytest.mark.django_db

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
PASSWORD = "correct horse battery"
HERE = "<small>this one</small>"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 Version/18.5 Mobile Safari/604.1"


@pytest.fixture
def ana(valkey: object) -> User:
    return new_user("ana", password=PASSWORD)


def browser_of(name: str, agent: str = FIREFOX, address: str = "192.0.2.1") -> Client:
    """A browser in which somebody has just signed in with a password."""
    browser = Client(headers={"User-Agent": agent}, REMOTE_ADDR=address)
    assert browser.post("/sign-in/", {"username": name, "password": PASSWORD}).status_code == 303
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get("/settings/security/").status_code == 200


def test_each_browser_is_listed_with_what_is_known_of_it(ana: User) -> None:
    here = browser_of("ana")
    browser_of("ana", PHONE, "198.51.100.7")

    page = here.get("/settings/security/").content.decode()

    for said in ("Firefox on Linux", "Safari on iOS", "192.0.2.1", "198.51.100.7"):
        assert said in page
    assert page.count(HERE) == 1
    assert page.index("Safari on iOS") < page.index("Firefox on Linux") < page.index(HERE)


def test_an_ended_session_is_out_at_the_next_request_and_for_open_streams(ana: User) -> None:
    here, telephone = browser_of("ana"), browser_of("ana", PHONE)
    row = Session.objects.get(user_agent=PHONE)
    cookie = telephone.cookies[settings.SESSION_COOKIE_NAME].value
    assert user_for_session(cookie) == ana

    assert here.post(f"/settings/security/sessions/{row.pk}/end/")["Location"] == "/settings/security/"

    assert not is_signed_in(telephone)
    assert user_for_session(cookie) is None
    assert is_signed_in(here)
    entry = Entry.objects.filter(action="session.end").get()
    assert (entry.actor, entry.data["device"]) == ("ana", "Safari on iOS")


def test_all_others_end_and_this_one_stays(ana: User) -> None:
    here, *others = [browser_of("ana") for _ in range(3)]

    here.post("/settings/security/sessions/end-others/")

    assert is_signed_in(here) and not any(map(is_signed_in, others))
    assert Session.objects.get(user=ana).key == Carrier.objects.get().pk


def test_an_admin_sees_and_ends_the_sessions_of_somebody(ana: User, admin: User, web_client: Web) -> None:
    hers = browser_of("ana", PHONE)
    boss = web_client(admin)
    assert "Safari on iOS" in boss.get("/settings/users/ana/").content.decode()

    answer = boss.post("/settings/security/sessions/end-others/", {"user": "ana"})

    assert answer["Location"] == "/settings/users/ana/"
    assert not is_signed_in(hers)
    assert Entry.objects.get(action="session.end").actor == "ada"


def test_a_colleague_neither_sees_nor_ends_them(ana: User, developer: User, web_client: Web, api: Api) -> None:
    hers = browser_of("ana", PHONE)
    row = Session.objects.get()

    assert web_client(developer).post(f"/settings/security/sessions/{row.pk}/end/").status_code == 404
    assert api(developer).delete(f"/sessions/{row.pk}/").status_code == 404
    assert api(developer).get("/sessions/").json()["count"] == 0
    assert is_signed_in(hers)


def test_an_admin_of_a_team_who_may_see_a_person_does_not_see_their_sessions(
    maintainer: User, developer: User, web_client: Web
) -> None:
    session_of(developer, user_agent=PHONE)

    assert "Safari on iOS" not in web_client(maintainer).get("/settings/users/dev/").content.decode()
    assert web_client(maintainer).post("/settings/security/sessions/end-others/", {"user": "dev"}).status_code == 403
    assert Session.objects.count() == 1


def test_rest_lists_and_ends_ones_own(ana: User, api: Api) -> None:
    browser = browser_of("ana", PHONE)
    caller = api(ana)

    found = caller.get("/sessions/").json()["results"]

    assert [(one["user"], one["device"], one["way"]) for one in found] == [("ana", "Safari on iOS", "password")]
    assert "key" not in found[0]
    assert caller.get(f"/sessions/{found[0]['id']}/").status_code == 200
    assert caller.delete(f"/sessions/{found[0]['id']}/").status_code == 204
    assert caller.delete(f"/sessions/{found[0]['id']}/").status_code == 404
    assert not is_signed_in(browser)


def test_rest_gives_an_admin_those_of_one_person(ana: User, admin: User, developer: User, api: Api) -> None:
    session_of(ana)
    session_of(developer)

    assert api(admin).get("/sessions/").json()["count"] == 2
    assert [one["user"] for one in api(admin).get("/sessions/?user=ANA").json()["results"]] == ["ana"]


def test_a_token_that_is_narrower_does_not_end_sessions(ana: User, api: Api) -> None:
    row, _cookie = session_of(ana)

    answer = api(ana, scopes=["read"]).delete(f"/sessions/{row.pk}/")

    assert answer.status_code == 403
    assert answer.json()["permission"] == "session.end"


def test_the_sessions_of_one_provider_end_alone(ana: User) -> None:
    kept, _cookie = session_of(ana)
    session_of(ana, way="oidc", provider="acme")

    assert end_sessions(ana, provider="acme") == 1

    assert Session.objects.get() == kept


def test_the_table_of_sessions_signs_nobody_in(ana: User) -> None:
    browser = browser_of("ana")
    stored = Carrier.objects.get().pk

    assert stored != browser.cookies[settings.SESSION_COOKIE_NAME].value
    thief = Client()
    thief.cookies[settings.SESSION_COOKIE_NAME] = stored
    assert not is_signed_in(thief)


def test_a_new_password_ends_the_other_sessions_and_their_rows(ana: User) -> None:
    here, elsewhere = browser_of("ana"), browser_of("ana")

    here.post("/settings/profile/", {"old_password": PASSWORD, "password": "another long password"})

    assert is_signed_in(here) and not is_signed_in(elsewhere)
    assert Session.objects.get().key == Carrier.objects.get().pk
    assert HERE in here.get("/settings/security/").content.decode()


def test_being_switched_off_ends_them_all(ana: User, admin: User, web_client: Web) -> None:
    browser_of("ana")

    web_client(admin).post("/settings/users/ana/", {"email": "", "is_admin": ""})

    assert not Session.objects.exists()


def test_signing_in_again_replaces_the_session_of_this_browser(ana: User) -> None:
    browser = browser_of("ana")
    before = browser.cookies[settings.SESSION_COOKIE_NAME].value

    browser.post("/sign-in/", {"username": "ana", "password": PASSWORD})

    assert Session.objects.count() == Carrier.objects.count() == 1
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value != before


def test_signing_out_removes_the_row(ana: User) -> None:
    browser_of("ana").post("/sign-out/")

    assert not Session.objects.exists()


def test_the_last_visit_is_noted_now_and_then_and_not_at_each_request(ana: User) -> None:
    browser = browser_of("ana")
    began = Session.objects.get().last_seen_at
    browser.get("/settings/profile/")
    assert Session.objects.get().last_seen_at == began

    session = browser.session
    session["seen_at"] = (timezone.now() - SEEN_EVERY).isoformat()
    session.save()
    browser.get("/settings/profile/")

    assert Session.objects.get().last_seen_at > began


def test_being_prolonged_shows_in_the_list(ana: User) -> None:
    browser = browser_of("ana")
    Session.objects.update(ends_at=timezone.now() + timedelta(minutes=1))

    browser.post("/session/renew/")

    assert Session.objects.get().ends_at > timezone.now() + timedelta(hours=11)


def test_being_in_use_does_not_let_it_last_longer_than_it_says(ana: User, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = browser_of("ana")
    ends_at, later = Session.objects.get().ends_at, timezone.now() + timedelta(hours=3)
    session = browser.session

    monkeypatch.setattr(timezone, "now", lambda: later)
    session["seen_at"] = later.isoformat()
    session.save()

    assert Carrier.objects.get().expire_date == ends_at


def test_a_sign_in_takes_nothing_over_from_the_session_before(ana: User) -> None:
    browser = browser_of("ana")
    session = browser.session
    session["break_glass_reason"] = "the provider is down"
    session["ends_at_most"] = (timezone.now() + timedelta(minutes=1)).isoformat()
    session.save()

    browser.post("/sign-in/", {"username": "ana", "password": PASSWORD})

    assert "break_glass_reason" not in browser.session
    assert Session.objects.get().ends_at > timezone.now() + timedelta(hours=11)


def test_who_signs_in_with_a_password_needs_no_provider_for_their_tokens(ana: User) -> None:
    User.objects.filter(pk=ana.pk).update(vouched_until=timezone.now())

    browser_of("ana")

    ana.refresh_from_db()
    assert ana.is_vouched


def test_rows_of_sessions_that_expired_are_forgotten(ana: User) -> None:
    row, _cookie = session_of(ana)
    Session.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    assert not Session.objects.alive().exists()

    forget_sessions()

    assert not Session.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    ("agent", "device"),
    [
        (FIREFOX, "Firefox on Linux"),
        (PHONE, "Safari on iOS"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36",
            "Chrome on Android",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "Unknown device"),
    ],
)
def test_a_device_is_told_by_what_the_browser_says_of_itself(agent: str, device: str) -> None:
    assert Session(user_agent=agent).device == device
