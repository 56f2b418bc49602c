"""A second factor as text: set up, asked for, used once, recovered, reset by an admin."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.factors import codes, halfway
from accounts.models import Authenticator, Passkey, RecoveryCode, Session, User
from audit.models import Entry
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import authenticator_of, new_user, passkey_of, session_of

pytestmark = pytest.mark.django_db

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]
PASSWORD = "correct horse battery"
NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The portal's clock for codes; a test moves it by changing the one entry."""
    now = [NOW]
    monkeypatch.setattr(codes, "clock", lambda: now[0])
    return now


@pytest.fixture
def ana(valkey: object) -> User:
    return new_user("ana", password=PASSWORD)


@pytest.fixture
def app(ana: User) -> pyotp.TOTP:
    """Ana's authenticator app."""
    return authenticator_of(ana)


def password_given(**more: str) -> Client:
    """A browser in which ana has given her password and nothing else."""
    browser = Client()
    answer = browser.post("/sign-in/", {"username": "ana", "password": PASSWORD, **more})
    assert (answer.status_code, answer["Location"]) == (303, "/sign-in/second/")
    return browser


def confirmed(browser: Client) -> Client:
    """The same browser, after the person has given the password once more."""
    assert browser.post("/settings/security/confirm/", {"password": PASSWORD}).status_code == 303
    return browser


def is_signed_in(browser: Client) -> bool:
    return browser.get("/settings/profile/").status_code == 200


def set_up(browser: Client) -> tuple[pyotp.TOTP, list[str]]:
    """Set up an app as a person does; answers it and the recovery codes that were shown."""
    browser.post("/settings/security/authenticator/begin/")
    page = browser.get("/settings/security/authenticator/").content.decode()
    secret = re.findall(r">([A-Z2-7]{32})<", page)[0]
    app = pyotp.TOTP(secret)
    answer = browser.post("/settings/security/authenticator/", {"code": app.at(NOW)})
    return app, re.findall(r"\b(?:[a-z2-9]{4}-){3}[a-z2-9]{4}\b", answer.content.decode())


def test_the_password_alone_does_not_sign_in_and_the_code_leads_where_one_wanted_to_go(app: pyotp.TOTP) -> None:
    browser = password_given(next="/settings/tokens/?page=2")
    assert not is_signed_in(browser)
    assert not Session.objects.exists()

    answer = browser.post("/sign-in/second/", {"code": app.at(NOW)})

    assert (answer.status_code, answer["Location"]) == (303, "/settings/tokens/?page=2")
    assert is_signed_in(browser)
    assert Session.objects.get().way == "password"


@pytest.mark.parametrize(("off_by", "status"), [(-60, 422), (-30, 303), (0, 303), (30, 303), (60, 422)])
def test_the_clock_of_the_telephone_may_be_wrong_by_one_step(app: pyotp.TOTP, off_by: int, status: int) -> None:
    assert password_given().post("/sign-in/second/", {"code": app.at(NOW + off_by)}).status_code == status


def test_a_code_works_once(app: pyotp.TOTP, clock: list[float]) -> None:
    assert password_given().post("/sign-in/second/", {"code": app.at(NOW)}).status_code == 303

    answer = password_given().post("/sign-in/second/", {"code": app.at(NOW)})

    assert answer.status_code == 422
    assert "was used already" in answer.content.decode()
    # Nor does an older one that was never used.
    assert password_given().post("/sign-in/second/", {"code": app.at(NOW - 30)}).status_code == 422
    clock[0] += 30
    assert password_given().post("/sign-in/second/", {"code": app.at(NOW + 30)}).status_code == 303


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_with_the_same_code_one_gets_in(app: pyotp.TOTP, ana: User) -> None:
    code, accepted = app.at(NOW), []

    def present() -> None:
        try:
            accepted.append(codes.accept(ana, code))
        finally:
            connection.close()

    threads = [threading.Thread(target=present) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert sorted(accepted) == [False, False, False, True]


def test_five_minutes_after_the_password_it_has_to_be_given_again(
    app: pyotp.TOTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = password_given()
    monkeypatch.setattr(halfway, "LASTS_SECONDS", -1)
    late = password_given()

    answer = late.post("/sign-in/second/", {"code": app.at(NOW)})

    assert answer["Location"].startswith("/sign-in/")
    assert "more than five minutes" in late.get(answer["Location"]).content.decode()
    assert browser.post("/sign-in/second/", {"code": app.at(NOW)}).status_code == 303


def test_another_browser_cannot_go_on_where_this_one_is(app: pyotp.TOTP) -> None:
    password_given()

    assert Client().post("/sign-in/second/", {"code": app.at(NOW)})["Location"].startswith("/sign-in/")


def test_a_key_that_was_planted_before_the_password_is_worth_nothing(app: pyotp.TOTP) -> None:
    browser = Client()
    browser.post("/sign-in/passkey/options/", {"for": "sign-in"})
    planted = browser.cookies.output(header="", sep=";")
    browser.post("/sign-in/", {"username": "ana", "password": PASSWORD})

    thief = Client(headers={"Cookie": planted.strip()})

    assert thief.get("/sign-in/second/").status_code == 303
    assert browser.get("/sign-in/second/").status_code == 200


def test_a_new_password_in_between_ends_the_step(app: pyotp.TOTP, ana: User) -> None:
    browser = password_given()
    ana.set_password("another long password")
    ana.save()

    assert browser.post("/sign-in/second/", {"code": app.at(NOW)})["Location"].startswith("/sign-in/")


def test_guessing_codes_is_limited_as_guessing_passwords_is(app: pyotp.TOTP, ana: User) -> None:
    browser = password_given()
    statuses = [browser.post("/sign-in/second/", {"code": "000000"}).status_code for _ in range(5)]

    assert statuses == [422, 422, 422, 422, 429]
    assert browser.post("/sign-in/second/", {"code": app.at(NOW)}).status_code in {422, 429}
    assert not is_signed_in(browser)
    # The password does not help either, until the lock is off.
    assert Client().post("/sign-in/", {"username": "ana", "password": PASSWORD}).status_code == 429
    assert Entry.objects.filter(action="second_factor.refuse", actor="ana").count() == 5


def test_giving_the_password_again_does_not_buy_more_guesses(app: pyotp.TOTP) -> None:
    statuses = [password_given().post("/sign-in/second/", {"code": "000000"}).status_code for _ in range(4)]

    assert statuses == [422] * 4
    assert password_given().post("/sign-in/second/", {"code": "000000"}).status_code == 429


def test_from_ever_new_addresses_twenty_wrong_codes_are_all_there_are(app: pyotp.TOTP, ana: User) -> None:
    Authenticator.objects.update(wrong_codes=codes.MOST_WRONG_CODES - 1)
    browser = password_given()
    assert browser.post("/sign-in/second/", {"code": "000000"}).status_code == 422

    answer = browser.post("/sign-in/second/", {"code": app.at(NOW)})

    assert answer.status_code == 422
    assert "recovery code or a passkey" in answer.content.decode()
    [code, *_rest] = codes.new_recovery_codes(ana)
    assert browser.post("/sign-in/second/", {"code": code}).status_code == 303
    assert Authenticator.objects.get().wrong_codes == 0


def test_setting_it_up_takes_the_password_again_and_a_code(ana: User, web_client: Web) -> None:
    browser = web_client(ana)
    asked = browser.post("/settings/security/authenticator/begin/")
    assert asked["Location"].startswith("/settings/security/confirm/")
    assert not Authenticator.objects.exists()
    confirmed(browser)
    browser.post("/settings/security/authenticator/begin/")

    wrong = browser.post("/settings/security/authenticator/", {"code": "000000"})

    assert wrong.status_code == 422
    assert "the code that the app shows now" in wrong.content.decode()
    assert not Authenticator.objects.get().is_on
    assert Client().post("/sign-in/", {"username": "ana", "password": PASSWORD})["Location"] == "/"


def test_once_set_up_it_is_asked_for_and_comes_with_ten_recovery_codes(ana: User, web_client: Web) -> None:
    app, shown = set_up(confirmed(web_client(ana)))

    assert len(set(shown)) == 10
    assert Entry.objects.get(action="authenticator.add").actor == "ana"
    assert password_given().post("/sign-in/second/", {"code": app.at(NOW + 30)}).status_code == 303


def test_the_code_that_set_it_up_does_not_sign_in(ana: User, web_client: Web) -> None:
    app, _shown = set_up(confirmed(web_client(ana)))

    assert password_given().post("/sign-in/second/", {"code": app.at(NOW)}).status_code == 422


def test_the_secret_is_encrypted_and_shown_no_more_once_it_is_used(ana: User, web_client: Web) -> None:
    browser = confirmed(web_client(ana))
    app, _shown = set_up(browser)

    with connection.cursor() as cursor:
        cursor.execute("SELECT secrets FROM accounts_authenticator")
        assert app.secret not in str(cursor.fetchall())
    assert browser.get("/settings/security/authenticator/")["Location"] == "/settings/security/"
    assert app.secret not in str([entry.data for entry in Entry.objects.all()])


def test_a_recovery_code_works_once_however_it_is_typed(ana: User, web_client: Web) -> None:
    _app, [code, *_others] = set_up(confirmed(web_client(ana)))

    assert password_given().post("/sign-in/second/", {"code": f" {code.upper().replace('-', ' ')} "}).status_code == 303

    assert password_given().post("/sign-in/second/", {"code": code}).status_code == 422
    assert RecoveryCode.objects.filter(used_at=None).count() == 9
    assert Entry.objects.get(action="recovery_codes.use").data["left"] == 9


def test_new_recovery_codes_end_the_old_ones(ana: User, web_client: Web) -> None:
    browser = confirmed(web_client(ana))
    _app, [old, *_others] = set_up(browser)

    assert browser.post("/settings/security/recovery-codes/").status_code == 201

    assert RecoveryCode.objects.count() == 10
    assert password_given().post("/sign-in/second/", {"code": old}).status_code == 422


def test_a_recovery_code_of_somebody_else_is_worth_nothing(app: pyotp.TOTP) -> None:
    other = new_user("bob", password=PASSWORD)
    authenticator_of(other)
    [code, *_rest] = codes.new_recovery_codes(other)

    assert password_given().post("/sign-in/second/", {"code": code}).status_code == 422


def test_replacing_the_app_keeps_the_old_one_until_the_new_one_works(ana: User, web_client: Web) -> None:
    browser = confirmed(web_client(ana))
    old, _shown = set_up(browser)
    browser.post("/settings/security/authenticator/begin/")
    assert password_given().post("/sign-in/second/", {"code": old.at(NOW + 30)}).status_code == 303

    new, shown = set_up(browser)

    assert shown == []
    assert password_given().post("/sign-in/second/", {"code": old.at(NOW + 30)}).status_code == 422
    assert password_given().post("/sign-in/second/", {"code": new.at(NOW + 30)}).status_code == 303


def test_removing_it_leaves_the_password_and_no_codes(ana: User, web_client: Web) -> None:
    browser = confirmed(web_client(ana))
    set_up(browser)

    browser.post("/settings/security/authenticator/remove/")

    assert not RecoveryCode.objects.exists()
    assert Entry.objects.filter(action="authenticator.remove").count() == 1
    assert Client().post("/sign-in/", {"username": "ana", "password": PASSWORD})["Location"] == "/"


def test_confirming_ends_after_five_minutes(ana: User, web_client: Web) -> None:
    browser = confirmed(web_client(ana))
    session = browser.session
    session["confirmed_until"] -= 301
    session.save()

    assert browser.post("/settings/security/recovery-codes/")["Location"].startswith("/settings/security/confirm/")


def test_guessing_the_password_at_the_confirmation_is_limited(ana: User, web_client: Web) -> None:
    browser = web_client(ana)
    guesses = [browser.post("/settings/security/confirm/", {"password": "wrong"}).status_code for _ in range(5)]

    assert guesses == [422, 422, 422, 422, 429]
    assert browser.post("/settings/security/confirm/", {"password": PASSWORD}).status_code == 429


def test_a_person_of_an_identity_provider_is_sent_there(web_client: Web) -> None:
    browser = web_client(new_user("olga"))
    page = browser.get("/settings/security/").content.decode()
    session = browser.session
    session["confirmed_until"] = timezone.now().timestamp() + 60
    session.save()

    answer = browser.post("/settings/security/authenticator/begin/")

    assert "identity provider" in page
    assert answer.status_code == 409
    assert not Authenticator.objects.exists()


def test_an_admin_resets_what_was_lost(ana: User, app: pyotp.TOTP, admin: User, web_client: Web) -> None:
    passkey_of(ana)
    codes.new_recovery_codes(ana)
    session_of(ana)

    answer = web_client(admin).post("/settings/users/ana/second-factor/reset/")

    assert answer["Location"] == "/settings/users/ana/"
    assert not any(kind.objects.exists() for kind in (Authenticator, Passkey, RecoveryCode, Session))
    entry = Entry.objects.get(action="second_factor.reset")
    assert (entry.actor, entry.object_name) == ("ada", "ana")
    assert Client().post("/sign-in/", {"username": "ana", "password": PASSWORD})["Location"] == "/"


def test_nobody_else_resets_it(ana: User, app: pyotp.TOTP, maintainer: User, web_client: Web, api: Api) -> None:
    assert web_client(ana).post("/settings/users/ana/second-factor/reset/").status_code == 403
    assert api(ana).delete("/users/ana/second-factor/").status_code == 403
    assert web_client(maintainer).post("/settings/users/ana/second-factor/reset/").status_code == 404
    assert api(maintainer).delete("/users/ana/second-factor/").status_code == 404
    assert Authenticator.objects.get().is_on


def test_rest_tells_what_there_is_and_resets_it(ana: User, app: pyotp.TOTP, admin: User, api: Api) -> None:
    codes.new_recovery_codes(ana)
    passkey_of(ana, "blue key")

    told = api(ana).get("/users/ana/second-factor/").json()

    assert (told["is_required"], told["authenticator"], told["recovery_codes_left"]) == (False, True, 10)
    assert [one["name"] for one in told["passkeys"]] == ["blue key"]
    assert "credential" not in str(told)
    assert api(admin).delete("/users/ana/second-factor/").status_code == 204
    assert Entry.objects.filter(action="second_factor.reset").count() == 1
    assert api(admin).get("/users/ana/second-factor/").json()["authenticator"] is False


def test_a_stored_code_is_only_a_hash(ana: User) -> None:
    [code, *_rest] = codes.new_recovery_codes(ana)

    assert not RecoveryCode.objects.filter(hash__contains=codes.plain(code)).exists()
    assert RecoveryCode.objects.filter(created_at__gt=timezone.now() - timedelta(minutes=1)).count() == 10
