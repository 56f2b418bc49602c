"""The inbox of approvals, the page on which one decides, and the card on the release's page: without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

from accounts.models import Team, User
from deployments.engine.decision import State
from deployments.models import Approval, Release
from deployments.queries.waiting import waiting_for
from services.models import Target
from tests.callers import ApiClient, PageClient
from tests.factories.accounts import member_of, new_team, new_user
from tests.factories.approvals import asked_approval
from tests.factories.deployments import new_release

Api = Callable[..., ApiClient]
Web = Callable[[User], PageClient]


class TestInbox:
    def test_it_shows_what_waits_for_the_caller(
        self, web_client: Web, developer: User, approver: User, target: Target
    ) -> None:
        approval = asked_approval(target, developer)
        page = web_client(approver).get("/approvals/").content.decode()
        assert f'href="/approvals/{approval.pk}/"' in page
        assert "Look and decide" in page and "payments 0/1" in page
        assert 'class="count">1<' in page

    def test_who_asked_has_none_waiting_and_finds_it_among_all(
        self, web_client: Web, maintainer: User, target: Target
    ) -> None:
        approval = asked_approval(target, maintainer)
        browser = web_client(maintainer)
        assert "Nothing waits for you" in browser.get("/approvals/").content.decode()
        assert str(approval.pk) in browser.get("/approvals/?show=waiting").content.decode()

    def test_it_is_empty_once_the_voice_is_given(
        self, web_client: Web, developer: User, approver: User, target: Target
    ) -> None:
        approval = asked_approval(target, developer, ("payments", 2))
        browser = web_client(approver)
        browser.post(f"/releases/{approval.release_id}/approve/")
        assert "Nothing waits for you" in browser.get("/approvals/").content.decode()

    def test_others_see_nothing_of_it(self, web_client: Web, developer: User, stranger: User, target: Target) -> None:
        approval = asked_approval(target, developer)
        browser = web_client(stranger)
        assert str(approval.pk) not in browser.get("/approvals/?show=waiting").content.decode()
        assert browser.get(f"/approvals/{approval.pk}/").status_code == 404

    def test_the_api_answers_the_inbox_of_the_caller(
        self, api: Api, developer: User, approver: User, viewer: User, target: Target
    ) -> None:
        approval = asked_approval(target, developer, step=2)
        found = api(approver).get("/approvals/?state=pending").json()["results"]
        assert [(one["id"], one["step"], one["why_not"]) for one in found] == [(str(approval.pk), 2, "")]
        assert found[0]["rules"] == [{"team": "payments", "count": 1, "given": [], "missing": 1}]
        assert found[0]["mutable_images"] == ["registry.example/shop/checkout:1.8.0"]
        for nobody in (developer, viewer):
            assert api(nobody).get("/approvals/").json()["results"] == []
        assert api(approver).get("/approvals/?state=ready").status_code == 400

    def test_a_team_that_the_environment_names_is_asked_too(self, api: Api, developer: User, target: Target) -> None:
        pat = member_of(new_team("platform"), "approver", new_user("pat"))
        environment = target.environment
        environment.approvals = [{"team": "platform", "count": 1}]
        environment.save()
        asked_approval(target, developer, ("platform", 1))
        assert api(pat).get("/approvals/").json()["count"] == 1

    def test_the_counts_of_the_rail_are_one_query(
        self, developer: User, approver: User, target: Target, django_assert_num_queries: Callable[..., object]
    ) -> None:
        asked_approval(target, developer)
        user = User.objects.get(pk=approver.pk)
        user.memberships.count()
        with django_assert_num_queries(3):  # its roles, the environments that ask, the counts
            assert waiting_for(user).active == 1
            assert len(waiting_for(user).approvals) == 1


class TestDecisionPage:
    def test_it_shows_what_one_has_to_know(
        self, web_client: Web, developer: User, approver: User, target: Target
    ) -> None:
        approval = asked_approval(target, developer)
        page = web_client(approver).get(approval.get_absolute_url()).content.decode()
        assert "Needed before it begins. Asked for by dev" in page
        assert "a fix for the queue" in page
        assert "is named by a tag" in page
        assert "checkout:1.8.0" in page and "Approve 1.8.0 for dev" in page

    def test_the_buttons_work_without_javascript(
        self, web_client: Web, developer: User, approver: User, target: Target
    ) -> None:
        approval = asked_approval(target, developer)
        browser, address = web_client(approver), approval.get_absolute_url()
        form = {"subject": approval.subject, "comment": "fine", "next": address}
        answer = browser.post(f"/releases/{approval.release_id}/approve/", form)
        assert (answer.status_code, answer["Location"]) == (303, address)
        page = browser.get(address).content.decode()
        assert "You approved." in page and "Decided" in page and "fine" in page

    def test_what_was_edited_meanwhile_is_not_decided_about(
        self, web_client: Web, developer: User, approver: User, target: Target
    ) -> None:
        approval = asked_approval(target, developer)
        Release.objects.filter(pk=approval.release_id).update(images={"checkout": "other:2"})
        browser, address = web_client(approver), approval.get_absolute_url()
        browser.post(f"/releases/{approval.release_id}/approve/", {"subject": approval.subject, "next": address})
        assert "was edited after this was asked" in browser.get(address).content.decode()
        assert Approval.objects.get().state == "void"

    def test_who_asked_reads_why_and_whom_to_ask(
        self, web_client: Web, maintainer: User, approver: User, target: Target
    ) -> None:
        approval = asked_approval(target, maintainer)
        page = web_client(maintainer).get(approval.get_absolute_url()).content.decode()
        assert 'aria-disabled="true"' in page
        assert "your voice does not count" in page and "payments (apu)" in page

    def test_a_link_from_a_mail_leads_there_after_signing_in(
        self, anonymous: PageClient, developer: User, target: Target
    ) -> None:
        approval = asked_approval(target, developer)
        answer = anonymous.get(approval.get_absolute_url())
        assert answer.status_code == 302
        assert answer["Location"] == f"/sign-in/?next={quote(approval.get_absolute_url(), safe='')}"


class TestOnTheReleasePage:
    def test_it_stands_there_with_both_buttons(
        self, web_client: Web, developer: User, approver: User, target: Target
    ) -> None:
        approval = asked_approval(target, developer)
        page = web_client(approver).get(f"/releases/{approval.release_id}/").content.decode()
        assert "Waits for approval before it begins" in page
        assert f'formaction="/releases/{approval.release_id}/reject/"' in page

    def test_a_fragment_holds_it_as_well(
        self, web_client: Web, developer: User, approver: User, target: Target
    ) -> None:
        approval = asked_approval(target, developer)
        part = web_client(approver).fragment(f"/releases/{approval.release_id}/", "progress")
        assert "Reject and abort" in part.content.decode()

    def test_a_release_that_waits_for_nothing_has_none(
        self, web_client: Web, approver: User, payments: Team, target: Target
    ) -> None:
        release = new_release(target)
        assert State.from_json(release.state).phase == "Progressing"
        page = web_client(approver).get(f"/releases/{release.pk}/").content.decode()
        assert "Waits for approval" not in page
