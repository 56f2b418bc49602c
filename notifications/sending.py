"""Sending one notice to where its channel leads: by mail, or by a POST to an address that was checked and pinned."""

from __future__ import annotations

import time
from typing import Any

import orjson
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _

from durable.encryption import SealBroken
from notifications.models import Channel, Notice
from web.outbound import AddressRefused
from web.posting import NoAnswer, post, signed


class NotSent(Exception):
    """It did not arrive; the text says why and holds no secret. `for_good`: trying again is no use."""

    def __init__(self, detail: str, *, for_good: bool = False) -> None:
        super().__init__(detail)
        self.for_good = for_good


def send(notice: Notice) -> str:
    """Send it and answer what the receiver said. Raises NotSent."""
    channel = notice.channel
    if channel.kind == Channel.Kind.EMAIL:
        return _mail(notice, channel)
    try:
        secret: dict[str, str] = channel.secret
    except SealBroken as error:
        raise NotSent(_("the channel's address cannot be decrypted with the configured keys"), for_good=True) from error
    body = orjson.dumps(_said_in_chat(notice) if channel.kind == Channel.Kind.SLACK else _said_to_machines(notice))
    headers = {"Content-Type": "application/json", "User-Agent": "Slipway", "X-Slipway-Delivery": notice.key}
    if channel.kind == Channel.Kind.WEBHOOK:
        headers |= signed(body, secret["key"], int(time.time())) | {"X-Slipway-Event": notice.event}
    return _post(secret["url"], body, headers, channel)


def page_url(notice: Notice) -> str:
    """Where it can be acted upon."""
    return f"{settings.PUBLIC_URL}{notice.body['path']}"


def _said_to_machines(notice: Notice) -> dict[str, Any]:
    facts = {name: value for name, value in notice.body.items() if name != "path"}
    return {"id": notice.key, **facts, "url": page_url(notice)}


def _said_in_chat(notice: Notice) -> dict[str, Any]:
    """A line with a link. Text is escaped as chats of this kind ask for, so that no name becomes a mention."""
    title, text = (_escaped(str(notice.body[part])) for part in ("title", "text"))
    return {"text": f"<{page_url(notice)}|{title.replace('|', '/')}>\n{text}"}


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _mail(notice: Notice, channel: Channel) -> str:
    if not settings.EMAIL_HOST:
        raise NotSent(_("no mail server is configured (SLIPWAY_SMTP_HOST)"), for_good=True)
    # A line end in a subject would be another header; Django refuses it, so it never gets there.
    subject = " ".join(str(notice.body["title"]).split())[:200]
    text = f"{notice.body['text']}\n\n{page_url(notice)}\n"
    host = settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].rstrip(">") or "slipway"
    message = EmailMessage(
        subject, text, to=channel.to, headers={"Message-ID": f"<{notice.pk}@{host}>", "X-Slipway-Delivery": notice.key}
    )
    try:
        message.send()
    except OSError as error:
        # SMTP's errors are OSErrors; their words are the server's.
        raise NotSent(_brief(str(error) or type(error).__name__)) from error
    return _("taken by the mail server")


def _post(url: str, body: bytes, headers: dict[str, str], channel: Channel) -> str:
    try:
        answer = post(url, body, headers, allow_private=channel.allow_private_address)
    except AddressRefused as refusal:
        raise NotSent(refusal.detail, for_good=refusal.step == "policy") from refusal
    except NoAnswer as error:
        raise NotSent(str(error)) from error
    if answer.is_good:
        return f"{answer.status}"
    # 410 means: never again.
    raise NotSent(f"{answer.status} {answer.text}".strip(), for_good=answer.status == 410)


def _brief(text: str) -> str:
    return " ".join(text.split())[:200]
