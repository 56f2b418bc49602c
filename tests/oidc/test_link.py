"""Linking an account that is there: by its owner, who is signed in and proves who they are there, or by an admin."""

from __future__ import annotations

from collections.abc import Callable

from django.test import Client

from accounts.models import Identity, IdentityProvider, Session, Team, User
from audit.models import Entry
from tests.callers import ApiClient
from tests.factories.accounts import new_user
from tests.oidc.provider import OpenIdProvider, sign_in

Web = Callable[[User], Client]
OUT = "/settings/identities/link/acme/"
ASKED = "/settings/identities/link/"


def test_a_signed_in_person_proves_it_confirms_it_and_signs_in_so_from_then_on(
    openid: OpenIdProvider, acme: IdentityProvider, developer: User, web_client: Web
) -> None:
    browser = web_client(developer)
    assert "Link my account at Acme" in browser.get("/settings/profile/").content.decode()
    assert sign_in(browser, openid, path=OUT)["Location"] == ASKED
    assert not Identity.objects.exists()
    page = browser.get(ASKED).content.decode()
    assert "Is this you at Acme?" in page
    assert "alice" in page
    assert browser.post(ASKED)["Location"] == "/settings/profile/"
    identity = Identity.objects.get()
    assert (identity.user, identity.subject) == (developer, "alice")
    assert Entry.objects.get(action="identity.link").data["how"] == "own"

    other = Client()
    assert sign_in(other, openid).status_code == 303
    assert Session.objects.get().user == developer
    assert other.get("/api/v1/me/").json()["username"] == "dev"


def test_nothing_is_linked_without_the_confirmation_or_twice_by_one(
    openid: OpenIdProvider, acme: IdentityProvider, developer: User, web_client: Web
) -> None:
    browser = web_client(developer)
    assert browser.post(ASKED).status_code == 302
    sign_in(browser, openid, path=OUT)
    browser.post(ASKED)
    Identity.objects.all().delete()
    assert browser.post(ASKED).status_code == 302
    assert not Identity.objects.exists()


def test_who_has_a_password_shows_again_who_they_are_before_it_is_linked(db: None, valkey: object) -> None:
    acme = IdentityProvider.objects.create(name="acme", title="Acme", issuer="https://acme.example", client_id="x")
    new_user("pia", password="correct horse battery")
    browser = Client()
    browser.post("/sign-in/", {"username": "pia", "password": "correct horse battery"})
    session = browser.session
    session["proposed_identity"] = {"provider": str(acme.pk), "subject": "alice", "called": "alice"}
    session.save()

    where = browser.post(ASKED)["Location"]
    assert where == "/settings/security/confirm/?next=%2Fsettings%2Fidentities%2Flink%2F"
    assert not Identity.objects.exists()

    assert browser.post(where, {"password": "correct horse battery"})["Location"] == ASKED
    assert browser.post(ASKED)["Location"] == "/settings/profile/"
    assert Identity.objects.get().user.username == "pia"


def test_what_leads_to_somebody_else_already_is_a_conflict(
    openid: OpenIdProvider, acme: IdentityProvider, developer: User, viewer: User, web_client: Web
) -> None:
    Identity.objects.create(provider=acme, subject="alice", user=viewer)
    browser = web_client(developer)
    sign_in(browser, openid, path=OUT)
    answer = browser.post(ASKED)
    assert answer.status_code == 409
    assert Identity.objects.get().user == viewer


def test_who_is_not_signed_in_links_nothing(openid: OpenIdProvider, acme: IdentityProvider, anonymous: Client) -> None:
    assert anonymous.get(OUT)["Location"].startswith("/sign-in/?next=")
    assert anonymous.post(ASKED).status_code == 302
    assert openid.counted("discovery") == 0


def test_an_admin_links_by_the_subject_and_the_person_signs_in_as_that(
    openid: OpenIdProvider, acme: IdentityProvider, admin: User, developer: User, web_client: Web
) -> None:
    answer = web_client(admin).post("/settings/users/dev/link/", {"provider": "acme", "subject": "alice"})
    assert answer.status_code == 303
    browser = Client()
    sign_in(browser, openid)
    assert browser.get("/api/v1/me/").json()["username"] == "dev"
    entry = Entry.objects.get(action="identity.link")
    assert (entry.actor, entry.data["how"], entry.after["subject"]) == ("ada", "admin", "alice")


def test_nobody_else_links_by_hand_not_even_themselves(
    acme: IdentityProvider, maintainer: User, web_client: Web, api: Callable[..., ApiClient]
) -> None:
    form = {"provider": "acme", "subject": "alice"}
    assert web_client(maintainer).post("/settings/users/mia/link/", form).status_code == 403
    assert api(maintainer).post("/identities/", {**form, "user": "mia"}).status_code == 403
    assert not Identity.objects.exists()


def test_a_robot_is_linked_to_nothing(
    acme: IdentityProvider, admin: User, payments: Team, api: Callable[..., ApiClient]
) -> None:
    User.objects.create(username="ci@payments", kind="robot", robot_of=payments)
    answer = api(admin).post("/identities/", {"provider": "acme", "subject": "1", "user": "ci@payments"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "robot"


def test_unlinking_one_s_own_leaves_a_way_in(acme: IdentityProvider, web_client: Web) -> None:
    with_password = new_user("pia", password="correct horse battery")
    without = new_user("una")
    without.set_unusable_password()
    without.save()
    mine = Identity.objects.create(provider=acme, subject="1", user=with_password)
    only = Identity.objects.create(provider=acme, subject="2", user=without)
    assert web_client(with_password).post(f"/settings/identities/{mine.pk}/unlink/").status_code == 303
    refused = web_client(without).post(f"/settings/identities/{only.pk}/unlink/")
    assert refused.status_code == 422
    assert "only way to sign in" in refused.content.decode()
    assert web_client(with_password).post(f"/settings/identities/{only.pk}/unlink/").status_code == 404
    assert list(Identity.objects.all()) == [only]
