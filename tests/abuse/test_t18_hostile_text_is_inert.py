"""T18: whatever people or clusters write into a field, on every page it is text: no markup, no script, no template."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest
from django.core import mail
from django.db import transaction

from accounts.models import Team, User
from audit.record import audit
from clusters.models import Cluster
from deployments.engine.decision import Said, Sentence
from deployments.models import AnalysisTemplate, Measurement, Release, Voice
from deployments.told import tell_decided
from notifications.delivery import sweep
from notifications.models import Channel, Notice
from services.models import Environment, Service
from tests.abuse.furnished import HOST, House, furnish, places
from tests.callers import PageClient
from tests.clusters.observe.objects import raw
from tests.factories.analysis import measured, with_templates
from tests.factories.clusters import observed
from tests.factories.deployments import say
from tests.notifications.conftest import Receiver, new_channel

Web = Callable[[User], PageClient]

EVIL = (
    "<img src=x onerror=alert(1)><script>evil()</script>\"'><b hx-get=/evil hx-on:click=evil()>"
    "{{ 7191|add:43146 }}{% now 'Y' %}<a href=\"javascript:evil()\">x</a></textarea></title><svg onload=evil()>"
)
SUM = "50337"
LINK = "javascript:evil()//https://x.example"
URL_ATTRIBUTES = {"href", "src", "action", "formaction", "hx-get", "hx-post"}
QUERIES = {
    "cluster": "?namespace=stage",
    "rollback": "?environment=stage",
    "deploy": "?environment=stage&image=nginx:1",
}


@pytest.fixture
def house(payments: Team, developer: User) -> House:
    house = furnish(payments, developer, status={"phase": "Pending", "message": EVIL, "reason": EVIL})
    words = EVIL[:200]
    Team.objects.filter(pk=payments.pk).update(title=words)
    User.objects.filter(pk=developer.pk).update(email=f"{words}@x.example"[:254])
    Service.objects.update(
        title=EVIL[:120],
        description=EVIL,
        system=EVIL[:63],
        tags=[EVIL],
        links=[{"title": EVIL, "url": LINK}, {"title": EVIL, "url": "data:text/html,<script>evil()</script>"}],
        annotations={EVIL: EVIL},
        depends_on=[EVIL],
        provides_apis=[EVIL],
    )
    Environment.objects.update(title=words)
    Cluster.objects.update(
        title=words,
        status="unreachable",
        status_message=EVIL,
        labels={EVIL: EVIL},
        kubernetes_version=EVIL[:64],
        capabilities={"istio": EVIL, "missing_rights": [EVIL]},
        health={
            "status": EVIL,
            "components": [
                {"name": EVIL, "status": EVIL, "source": EVIL, "evidence": [EVIL], "message": EVIL, "observed_at": None}
            ],
        },
    )
    Release.objects.update(
        note=EVIL,
        commit=words,
        source_url=LINK,
        version_label=words,
        message=EVIL,
        reason="ImagePullFailed",
        images={"zebra-checkout": EVIL},
    )
    say(house.release, Said("release.note", Sentence("started", {"version": EVIL, "environment": EVIL, "by": EVIL})))
    for name in ("Pulled", EVIL):
        event = raw("Event", f"e-{len(name)}", namespace="stage", reason=name, message=EVIL, type="Warning")
        observed(house.cluster, event)
    template = {"spec": {"containers": [{"name": EVIL, "image": EVIL}]}}
    observed(house.cluster, raw("Deployment", "other", namespace="stage", spec={"template": template}))
    not_ready = {"type": "Ready", "status": "False", "message": EVIL}
    observed(house.cluster, raw("Node", "n", namespace="", status={"conditions": [not_ready]}))
    audit(developer, EVIL[:60], house.target.service, before={EVIL: EVIL}, after={EVIL: EVIL}, why=EVIL)
    _measure(house)
    _tell(house)
    _install(house)
    return house


def _measure(house: House) -> None:
    """The template says it, so does the release that kept it, and so does the Prometheus that was asked."""
    definition = dict.fromkeys(("query", "samples", "success", "failure", "compare", "version_label"), EVIL)
    AnalysisTemplate.objects.filter(pk=house.template.pk).update(description=EVIL[:300], definition=definition)
    with_templates(house.release, "success-rate")
    Release.objects.update(templates={"success-rate": {**house.release.templates["success-rate"], **definition}})
    words = Sentence("measured_error", {"words": EVIL})
    measured(house.release, "success-rate", [None, 0.5], status="Error", words=words)
    Measurement.objects.update(query=EVIL)


def _tell(house: House) -> None:
    """The channel says it, so does what it was told, and so does the receiver that answered."""
    Channel.objects.filter(pk=house.channel.pk).update(name=EVIL[:80], to=[EVIL], host=EVIL[:255])
    body = {"event": "release.fail", "title": EVIL, "text": EVIL, "path": "/releases/"}
    Notice.objects.create(channel=house.channel, key=EVIL[:120], event="release.fail", body=body, answer=EVIL)
    Voice.objects.create(
        approval=house.approval, person=house.member, verdict="approve", comment=EVIL, at=house.approval.asked_at
    )


def _install(house: House) -> None:
    """The host says it in what was observed and in the log, so do the fix, the plan and the person who took it on."""
    install = house.install
    install.hosts.update(facts={"hostname": EVIL, "routes": [{"network": EVIL, "interface": EVIL}]}, unreachable=EVIL)
    fix = {"id": "x", "title": EVIL, "commands": [EVIL]}
    words = {"observed": EVIL, "expected": EVIL, "doc": EVIL, "fix": fix, "acknowledged_reason": EVIL}
    install.checks.update(**words, acknowledged_at=install.created_at, kubeadm_name=EVIL[:64])
    install.runs.update(problem=EVIL)
    house.run.steps.update(title=EVIL[:200], problem=EVIL, plan={"script": EVIL})
    house.run.lines.update(text=EVIL)
    type(install).objects.filter(pk=install.pk).update(problem=EVIL)


class Page(HTMLParser):
    """Notes all that would act in a browser and carries our text."""

    def __init__(self) -> None:
        super().__init__()
        self.acting: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            text = (value or "").strip().lower()
            handler = name.startswith(("on", "hx-on"))
            address = name in URL_ATTRIBUTES and text.startswith(("javascript:", "data:"))
            if handler or address or (name.startswith("hx-") and text.startswith("/evil")):
                self.acting.append(f"<{tag} {name}={value}>")
        given = dict(attrs)
        if tag == "img" or (tag == "script" and not given.get("src") and given.get("type") != "application/json"):
            self.acting.append(f"<{tag}>")


@pytest.mark.parametrize("role", ["admin", "maintainer"])
def test_t18_no_field_acts_on_any_page(
    house: House, web_client: Web, role: str, request: pytest.FixtureRequest
) -> None:
    browser = web_client(request.getfixturevalue(role))
    queries = {**QUERIES, "analysis_template": f"?target={house.target.pk}"}
    found, shown = [], 0
    for place in places():
        if place.is_api or place.name == "sign_out":
            continue
        path = place.filled(house.values) + queries.get(place.name, "")
        for extra in ("", "&fragment=overview" if "?" in path else "?fragment=overview"):
            answer = browser.get(path + extra, headers={"HX-Request": "true"} if extra else {})
            if answer.streaming or not answer.get("Content-Type", "").startswith("text/html"):
                continue
            assert place.answers(answer.status_code), path
            page, text = Page(), answer.content.decode()
            page.feed(text)
            shown += "&lt;img src=x onerror" in text
            found += [f"{path}: {what}" for what in page.acting]
            found += [f"{path}: evaluated"] if SUM in text else []
    assert found == []
    assert shown >= 8


@pytest.mark.parametrize(
    "path", ["/services/?search=", "/releases/?search=", "/clusters/?search=", "/audit/?search=", "/palette/?q="]
)
def test_t18_what_is_typed_into_a_search_comes_back_as_text(
    house: House, web_client: Web, admin: User, path: str
) -> None:
    page, text = Page(), web_client(admin).get(path + quote(EVIL)).content.decode()
    page.feed(text)
    assert page.acting == []
    assert SUM not in text


def test_t18_what_the_template_and_the_channel_say_is_shown_as_text(
    house: House, web_client: Web, maintainer: User
) -> None:
    browser = web_client(maintainer)
    for path in (
        "/analysis-templates/",
        house.template.get_absolute_url(),
        f"{house.template.get_absolute_url()}edit/",
        f"{house.template.get_absolute_url()}?target={house.target.pk}",
        "/settings/channels/",
        house.channel.get_absolute_url(),
        house.approval.get_absolute_url(),
        f"{house.release.get_absolute_url()}?tab=analysis",
    ):
        answer = browser.get(path)
        page, text = Page(), answer.content.decode()
        page.feed(text)
        assert (answer.status_code, page.acting) == (200, []), path
        assert "&lt;img src=x onerror" in text, path


def test_t18_what_a_host_says_is_shown_as_text(house: House, web_client: Web, admin: User) -> None:
    browser, at = web_client(admin), house.install.get_absolute_url()
    for name in ("", "checks/", f"checks/?check=swap&host={HOST}", f"runs/{house.run.pk}/", f"fix/?fix=swap@{HOST}"):
        answer = browser.get(f"{at}{name}")
        page, text = Page(), answer.content.decode()
        page.feed(text)
        assert (answer.status_code, page.acting) == (200, []), name
        assert "&lt;img src=x onerror" in text and SUM not in text, name


@pytest.fixture
def told(house: House, payments: Team, receiver: Receiver, valkey: object, settings: Any) -> Receiver:
    """Chat, machine and mailbox were told of a release and a comment that say it."""
    settings.PUBLIC_URL, settings.EMAIL_HOST = "https://slipway.example", "mail.example"
    for kind, fields in (
        ("slack", {"url": receiver.url}),
        ("webhook", {"url": receiver.url}),
        ("email", {"to": ["a@x.example"]}),
    ):
        new_channel(payments, kind, events=["approval.reject"], **fields)
    with transaction.atomic():
        tell_decided(house.approval, house.member, EVIL)
    assert sweep() == 3
    return receiver


def test_t18_a_chat_is_told_one_link_and_no_mention(house: House, told: Receiver) -> None:
    (said,) = (body for body in told.bodies if set(body) == {"text"})

    address = f"https://slipway.example{house.approval.get_absolute_url()}"
    assert re.findall(r"<[^|>]*", said["text"]) == [f"<{address}"]
    assert "&lt;img src=x onerror" in said["text"]


def test_t18_a_machine_is_told_the_words_as_they_are_and_an_address_of_ours(house: House, told: Receiver) -> None:
    (said,) = (body for body in told.bodies if "event" in body)

    assert said["text"] == EVIL
    assert [name for name, value in said.items() if str(value).startswith(("javascript:", "data:"))] == []
    assert said["url"] == f"https://slipway.example{house.approval.get_absolute_url()}"


def test_t18_a_mail_is_plain_text(house: House, told: Receiver) -> None:
    (message,) = mail.outbox

    assert (message.content_subtype, getattr(message, "alternatives", [])) == ("plain", [])
    assert message.body == f"{EVIL}\n\nhttps://slipway.example{house.approval.get_absolute_url()}\n"
    assert "\n" not in message.subject
