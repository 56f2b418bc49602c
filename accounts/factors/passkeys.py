"""The two ceremonies of WebAuthn: making a passkey, and proving with one who somebody is.

A passkey proves possession and, since the device asks for a finger or a PIN, also the person: alone it is a full
sign-in. Each ceremony has a challenge that lives in the browser's session, for one purpose, five minutes and one use.
"""

from __future__ import annotations

import ipaddress
import json
import struct
import time
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.http.request import split_domain_port
from django.utils import timezone
from django.utils.translation import gettext as _
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.models import Passkey, User
from audit.record import audit
from web.errors import Conflict, Invalid

if TYPE_CHECKING:
    from django.http import HttpRequest
    from fido2.webauthn import AuthenticatorData

LASTS_SECONDS = 300
LONGEST_ANSWER = 20_000
_KEY = "passkey_ceremony"
# What reading an answer that somebody made up may raise.
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, AssertionError, struct.error)


class PasskeyRefused(Invalid):
    """What the browser answered proves nothing."""

    code = "passkey_refused"


def host_of(request: HttpRequest) -> str:
    """The name of the portal that passkeys are bound to."""
    return split_domain_port(request.get_host())[0]


def why_not(request: HttpRequest) -> str:
    """Why there can be no passkeys at this address; "" where there can."""
    try:
        ipaddress.ip_address(host_of(request).strip("[]"))
    except ValueError:
        return ""
    return _("Passkeys belong to a name, and this page was opened by an IP address. Open it by its name.")


def options_to_make(request: HttpRequest, user: User) -> dict[str, Any]:
    """What the browser needs to make a passkey for this person."""
    known = [_public(one) for one in Passkey.objects.filter(user=user, host=host_of(request))]
    options, state = _server(request).register_begin(
        PublicKeyCredentialUserEntity(id=user.pk.bytes, name=user.username, display_name=user.username),
        known,
        resident_key_requirement=ResidentKeyRequirement.REQUIRED,
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    _remember(request, "make", state)
    return dict(dict(options)["publicKey"])


def options_to_prove(request: HttpRequest, purpose: str, user: User | None = None) -> dict[str, Any]:
    """What the browser needs to prove with a passkey: one of this person's, or whichever it has."""
    known = [_public(one) for one in Passkey.objects.filter(user=user, host=host_of(request))] if user else None
    options, state = _server(request).authenticate_begin(known, user_verification=UserVerificationRequirement.REQUIRED)
    _remember(request, purpose, state)
    return dict(dict(options)["publicKey"])


def made(request: HttpRequest, answer: str) -> Passkey:
    """The passkey that the browser made, not yet anybody's and not yet saved. Raises PasskeyRefused."""
    state = _recall(request, "make")
    try:
        seen: AuthenticatorData = _server(request).register_complete(state, _read(answer))
        public = seen.credential_data
        if public is None:
            raise ValueError("no credential")
        credential_id = websafe_encode(public.credential_id)
    except _UNREADABLE:
        raise _refused() from None
    if Passkey.objects.filter(credential_id=credential_id).exists():
        raise PasskeyRefused(_("This passkey is registered already."))
    return Passkey(
        host=host_of(request),
        credential_id=credential_id,
        public=websafe_encode(bytes(public)),
        sign_count=seen.counter,
    )


def proven(request: HttpRequest, purpose: str, answer: str, user: User | None = None) -> Passkey:
    """The passkey with which the browser answered the challenge; `user` None: anybody's. Raises PasskeyRefused.

    A count of signatures that does not grow means that the private key was copied: refused, and recorded.
    """
    state = _recall(request, purpose)
    try:
        response = AuthenticationResponse.from_dict(_read(answer))
        passkey = _known(request, websafe_encode(response.raw_id), user)
        handle = response.response.user_handle
        if handle and handle != passkey.user.pk.bytes:
            raise ValueError("the passkey of somebody else")
        _server(request).authenticate_complete(state, [_public(passkey)], response)
        count = response.response.authenticator_data.counter
    except _UNREADABLE:
        raise _refused() from None
    _count(passkey, count)
    return passkey


def _count(passkey: Passkey, count: int) -> None:
    """Note the use. Of two answers with one count, the second is refused as well."""
    seen = Passkey.objects.filter(pk=passkey.pk, sign_count=passkey.sign_count)
    is_copy = (count or passkey.sign_count) and count <= passkey.sign_count
    if is_copy or not seen.update(sign_count=count, last_used_at=timezone.now()):
        with transaction.atomic():
            audit(passkey.user, "passkey.refuse", passkey, sign_count=count, expected_above=passkey.sign_count)
        raise PasskeyRefused(
            _("This passkey has been copied: its count of signatures went backwards."),
            next=_("Sign in another way, remove this passkey and tell an admin."),
        )
    passkey.sign_count = count


def _known(request: HttpRequest, credential_id: str, user: User | None) -> Passkey:
    rows = Passkey.objects.filter(credential_id=credential_id, host=host_of(request), user__is_active=True)
    passkey = (rows.filter(user=user) if user else rows).select_related("user").first()
    if passkey is None:
        raise ValueError("no such passkey")
    return passkey


def _server(request: HttpRequest) -> Fido2Server:
    origin = f"{request.scheme}://{request.get_host()}".lower()
    entity = PublicKeyCredentialRpEntity(id=host_of(request), name="Slipway")
    return Fido2Server(entity, verify_origin=lambda given: given == origin)


def _public(passkey: Passkey) -> AttestedCredentialData:
    return AttestedCredentialData(websafe_decode(passkey.public))


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > LONGEST_ANSWER:
        raise ValueError("longer than any answer is")
    content = json.loads(answer)
    if not isinstance(content, dict):
        raise TypeError("not an object")
    return content


def _remember(request: HttpRequest, purpose: str, state: dict[str, Any]) -> None:
    request.session[_KEY] = {"for": purpose, "until": time.time() + LASTS_SECONDS, "state": state}
    if not request.user.is_authenticated:
        request.session.set_expiry(LASTS_SECONDS)


def _recall(request: HttpRequest, purpose: str) -> dict[str, Any]:
    kept = request.session.pop(_KEY, None)
    if not kept or kept["for"] != purpose or kept["until"] < time.time():
        raise PasskeyRefused(_("This took too long, or was answered already."), next=_("Begin again."))
    state: dict[str, Any] = kept["state"]
    return state


def _refused() -> PasskeyRefused:
    return PasskeyRefused(_("That passkey is not known here, or its answer cannot be verified."))


class NoPasskeysHere(Conflict):
    """The portal was opened in a way that passkeys cannot be bound to."""

    code = "no_passkeys_here"
