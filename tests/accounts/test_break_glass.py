"""The way in for the day when nothing else works: made at the command line, once, soon, and loudly."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils import timezone

from accounts.models import BreakGlass, Session, SignInPolicy, User
from audit.models import Entry
from notifications.models import Channel, Notice
from tests.callers import PageClient
from tests.factories.accounts import authenticator_of, new_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def ada(valkey: object, admin: User) -> User:
    return admin


def link(user: str = "ada", reason: str = "the provider is down") -> str:
    said = StringIO()
    call_command("break_glass", user, reason=reason, stdout=said)
    return said.getvalue().strip()


def used(made: str) -> tuple[Client, int]:
    address, _hash, code = made.partition("#")
    browser = Client()
    assert address.endswith("/sign-in/break-glass/")
    assert browser.get("/sign-in/break-glass/").status_code == 200
    return browser, browser.post("/sign-in/break-glass/", {"code": code}).status_code


def test_it_signs_an_admin_in_and_says_so_on_every_page() -> None:
    browser, status = used(link())

    assert status == 303
    page = browser.get("/services/").content.decode()
    assert "You are signed in by break glass" in page and "the provider is down" in page
    assert Session.objects.get().way == "break_glass"
    assert Session.objects.get().ends_at < timezone.now() + timedelta(minutes=61)


def test_its_hour_is_not_prolonged() -> None:
    browser, _status = used(link())
    before = Session.objects.get().ends_at

    browser.post("/session/renew/")

    assert Session.objects.get().ends_at == before


def test_it_is_recorded_and_the_channels_of_all_teams_are_told() -> None:
    Channel.objects.create(
        name="security", kind="email", to=["security@example.org"], events=["sign_in.break_glass"], is_active=True
    )
    used(link())

    entries = Entry.objects.filter(action__startswith="break_glass.").order_by("pk")
    assert [(one.actor, one.action, one.data["reason"]) for one in entries] == [
        ("slipway", "break_glass.make", "the provider is down"),
        ("ada", "break_glass.use", "the provider is down"),
    ]
    assert Notice.objects.filter(event="sign_in.break_glass").count() == 2


def test_it_works_once() -> None:
    made = link()

    assert [used(made)[1], used(made)[1]] == [303, 422]
    assert Session.objects.count() == 1


def test_looking_at_the_page_uses_nothing_up() -> None:
    made = link()
    for _ in range(3):
        Client().get("/sign-in/break-glass/")

    assert used(made)[1] == 303


def test_it_is_over_after_a_quarter_of_an_hour() -> None:
    made = link()
    assert BreakGlass.objects.get().expires_at <= timezone.now() + timedelta(minutes=15)
    BreakGlass.objects.update(expires_at=timezone.now())

    assert used(made)[1] == 422


@pytest.mark.parametrize("change", [{"is_admin": False}, {"is_active": False}])
def test_it_ends_with_the_rights_of_its_person(change: dict[str, bool]) -> None:
    made = link()
    User.objects.filter(username="ada").update(**change)

    assert used(made)[1] == 422


def test_only_the_hash_of_its_code_is_stored() -> None:
    code = link().partition("#")[2]

    assert len(code) >= 32
    assert BreakGlass.objects.get().hash != code
    assert code not in str([(entry.data, entry.after) for entry in Entry.objects.all()])


def test_it_goes_past_the_second_factor_and_the_rule_that_asks_for_one(ada: User) -> None:
    authenticator_of(ada)
    SignInPolicy(require_second_factor="everybody").save()

    browser, status = used(link())

    assert status == 303
    assert browser.get("/services/").status_code == 200


def test_other_admins_see_it_and_end_it(ada: User) -> None:
    browser, _status = used(link())
    eve = PageClient.of(new_user("eve", is_admin=True))
    assert "ada is signed in by break glass" in eve.get("/settings/sign-in-rules/").content.decode()

    eve.post("/settings/security/sessions/end-others/", {"user": "ada"})

    assert browser.get("/services/").status_code == 302


@pytest.mark.parametrize(
    ("user", "reason", "said"),
    [
        ("nobody", "the provider is down", "no user named nobody"),
        ("dev", "the provider is down", "dev is no active admin"),
        ("ada", "why", "5 to 300 characters"),
    ],
)
def test_it_refuses(developer: User, user: str, reason: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        link(user, reason)
    assert not BreakGlass.objects.exists()
