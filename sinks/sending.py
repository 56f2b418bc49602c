"""Sending one batch of entries to one sink. It returns when the receiver has taken all of it, as far as that shows."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack

from django.utils.translation import gettext as _

from audit.export import line_of
from audit.models import Entry
from durable.encryption import SealBroken
from sinks.address import Place, read_address
from sinks.models import AuditSink
from sinks.syslog import datagram, framed
from web.json_lines import MEDIA_TYPE
from web.outbound import AddressRefused, resolve
from web.posting import NoAnswer, post, signed, trust

SECONDS = 5.0


class NotSent(Exception):
    """The batch did not arrive, or nobody said that it did; the text says why and holds no secret."""


def send(sink: AuditSink, entries: Sequence[Entry]) -> None:
    """Send them in order. Raises NotSent: then all of them are sent again, which a receiver sees by their numbers."""
    try:
        secret: dict[str, str] = sink.secret
        place = read_address(secret["address"], allow_private=sink.allow_private_address)
        if place.kind in {AuditSink.Kind.HTTP, AuditSink.Kind.HTTPS}:
            _post(sink, secret, entries)
            return
        addresses = resolve(place.host, place.port, allow_private=sink.allow_private_address)
        if place.kind == AuditSink.Kind.UDP:
            _throw(addresses[0], place.port, (datagram(entry) for entry in entries))
        else:
            _stream(addresses[0], place, b"".join(framed(entry) for entry in entries), sink.authority)
    except SealBroken as error:
        raise NotSent(_("its address cannot be decrypted with the configured keys")) from error
    except AddressRefused as refusal:
        raise NotSent(refusal.detail) from refusal
    except NoAnswer as error:
        raise NotSent(str(error)) from error
    except ssl.SSLCertVerificationError as error:
        raise NotSent(
            _("the certificate of %(host)s is not accepted: %(why)s") % {"host": sink.host, "why": error.verify_message}
        ) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise NotSent(_("%(host)s does not take it: %(why)s") % {"host": sink.host, "why": why}) from error


def _post(sink: AuditSink, secret: dict[str, str], entries: Sequence[Entry]) -> None:
    body = b"".join(line_of(entry) for entry in entries)
    delivery = f"{entries[0].number}-{entries[-1].number}"
    headers = {"Content-Type": MEDIA_TYPE, "User-Agent": "Slipway", "X-Slipway-Delivery": delivery}
    if secret.get("bearer"):
        headers["Authorization"] = f"Bearer {secret['bearer']}"
    if secret.get("key"):
        headers |= signed(body, secret["key"], int(time.time()))
    allow_private = sink.allow_private_address
    answer = post(secret["address"], body, headers, allow_private=allow_private, authority=sink.authority)
    if not answer.is_good:
        raise NotSent(f"{answer.status} {answer.text}".strip())


def _throw(address: str, port: int, datagrams: Iterable[bytes]) -> None:
    """UDP: nobody says whether it arrived. Only that nobody listens there at all may show, on the next datagram."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as out:
        out.settimeout(SECONDS)
        out.connect((address, port))
        for one in datagrams:
            out.send(one)


def _stream(address: str, place: Place, frames: bytes, authority: str) -> None:
    """TCP says that the other machine has it, not that the program read it. So the sending side is closed after the
    batch, and a receiver that has read to that end closes too; one that died with unread bytes answers with a reset."""
    with ExitStack() as held:
        plain = held.enter_context(socket.create_connection((address, place.port), timeout=SECONDS))
        if place.kind == AuditSink.Kind.TCP:
            plain.sendall(frames)
            plain.shutdown(socket.SHUT_WR)
            _read_to_the_end(plain)
            return
        out = held.enter_context(trust(authority).wrap_socket(plain, server_hostname=place.host))
        out.sendall(frames)
        try:
            out.unwrap()
        except ssl.SSLError:
            # Many servers close without the last word of TLS. A reset is no SSLError and is not passed over.
            return


def _read_to_the_end(connection: socket.socket) -> None:
    until = time.monotonic() + SECONDS
    while connection.recv(4096):
        if time.monotonic() > until:
            raise TimeoutError(_("it sends instead of reading"))
