"""Sending one notice to where its channel leads: by mail, or by a POST to an address that was checked and pinned."""

from __future__ import annotations

import hashlib
import hmac
import ssl
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from django.conf import settings
from django.core.mail import EmailMessage
from django.utils.translation import gettext as _
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Retry, Timeout
from urllib3.exceptions import HTTPError

from durable.encryption import SealBroken
from notifications.models import Channel, Notice
from web.outbound import AddressRefused, checked_host, resolve

SECONDS = 5.0
MOST_OF_ANSWER = 500
PORTS = {"https": 443, "http": 80}


class NotSent(Exception):
    """It did not arrive; the text says why and holds no secret. `for_good`: trying again is no use."""

    def __init__(self, detail: str, *, for_good: bool = False) -> None:
        super().__init__(detail)
        self.for_good = for_good


@dataclass(frozen=True)
class Hook:
    """The parts of a webhook's address."""

    scheme: str
    host: str
    port: int
    path: str


def read_hook(url: str, *, allow_private: bool) -> Hook:
    """The parts of a webhook's URL. Raises AddressRefused for anything but a plain https URL; http is for private
    addresses that an admin allowed."""
    parts = urlsplit(url)
    if not url.isascii() or any(character <= " " or character in '\\"<>^`{|}' for character in url):
        raise AddressRefused("policy", _("the URL holds characters that do not belong in it"))
    if parts.scheme not in (("https", "http") if allow_private else ("https",)):
        raise AddressRefused("policy", _("only https addresses are told anything"))
    if "@" in parts.netloc or parts.fragment:
        raise AddressRefused("policy", _("the URL holds a user name or a fragment"))
    try:
        port = parts.port or PORTS[parts.scheme]
    except ValueError as error:
        raise AddressRefused("policy", _("the port of the URL cannot be used")) from error
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Hook(parts.scheme, checked_host((parts.hostname or "").lower()), port, path)


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


def signed(body: bytes, key: str, timestamp: int) -> dict[str, str]:
    """The headers by which a receiver knows that it was us, and when: HMAC-SHA256 of "timestamp.body"."""
    proof = hmac.new(key.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return {"X-Slipway-Timestamp": str(timestamp), "X-Slipway-Signature": f"sha256={proof}"}


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
        hook = read_hook(url, allow_private=channel.allow_private_address)
        addresses = resolve(hook.host, hook.port, allow_private=channel.allow_private_address)
    except AddressRefused as refusal:
        raise NotSent(refusal.detail, for_good=refusal.step == "policy") from refusal
    shown = f"{hook.host}:{hook.port}" if hook.port not in PORTS.values() else hook.host
    try:
        # One address that passed the check: a name that is resolved again may have come to mean another.
        with _pool(hook, addresses[0]) as pool:
            answer = pool.urlopen(
                "POST",
                hook.path,
                body=body,
                headers={**headers, "Host": shown},
                redirect=False,
                retries=Retry(total=False, redirect=0, raise_on_redirect=False),
                preload_content=False,
            )
            said = answer.read(MOST_OF_ANSWER, decode_content=False).decode("utf-8", "replace")
            answer.release_conn()
    except (HTTPError, OSError) as error:
        raise NotSent(_("%(host)s does not answer: %(why)s") % {"host": shown, "why": _why(error)}) from error
    if 200 <= answer.status < 300:
        return f"{answer.status}"
    # 410 means: never again.
    raise NotSent(f"{answer.status} {_brief(said)}".strip(), for_good=answer.status == 410)


def _pool(hook: Hook, address: str) -> HTTPConnectionPool:
    timeout = Timeout(connect=SECONDS, read=SECONDS)
    if hook.scheme == "http":
        return HTTPConnectionPool(address, hook.port, timeout=timeout, maxsize=1)
    return HTTPSConnectionPool(
        address,
        hook.port,
        timeout=timeout,
        maxsize=1,
        server_hostname=hook.host,
        assert_hostname=hook.host,
        ssl_context=ssl.create_default_context(),
    )


def _why(error: Exception) -> str:
    """The kind of failure: a library's words would hold the path, which in a chat's webhook is the password."""
    return type(error).__name__


def _brief(text: str) -> str:
    return " ".join(text.split())[:200]
