"""Saying which OpenID providers are trusted, and trying one out."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.errors import NameTaken
from accounts.models import IdentityProvider, User
from accounts.oidc.asking import checked_url
from accounts.oidc.presets import PRESETS
from accounts.oidc.rules import take_all
from accounts.oidc.vouching import stop_vouching
from accounts.permissions import require
from audit.record import audit
from durable.idempotency import note_made
from web.errors import Invalid
from web.etag import claim_version
from web.outbound import AddressRefused
from web.problems import model_errors

EDITABLE = (
    *("title", "issuer", "client_id", "scopes", "username_claim", "email_claim", "groups_claim"),
    *("trust_email", "makes_people", "allow_private_address", "is_active", "token_days"),
)
LONGEST_SECRET = 2000


def create_provider(by: User, name: str, **fields: Any) -> IdentityProvider:
    """Trust a provider. What is not given comes from its preset. Raises NotPermitted, Invalid and NameTaken."""
    require(by, "identity_provider.create", None)
    preset = str(fields.pop("preset", "") or IdentityProvider.Preset.GENERIC)
    values = {**(PRESETS[preset].values if preset in PRESETS else {}), "title": name, **_given(fields)}
    secret = fields.get("client_secret", "")
    provider = IdentityProvider(name=name, preset=preset, **values)
    _check(provider, secret)
    provider.secret = {"client_secret": secret} if secret else {}
    try:
        with transaction.atomic():
            provider.save(force_insert=True)
            note_made(provider.pk)
            audit(by, "identity_provider.create", provider, after=facts(provider))
    except IntegrityError:
        raise NameTaken(_("There is an identity provider named %(name)s already.") % {"name": name}) from None
    return provider


def edit_provider(by: User, provider: IdentityProvider, **fields: Any) -> IdentityProvider:
    """Change what is given; a client secret that is not given, or empty, stays where the issuer keeps its host.
    Switching it off ends its sessions.

    Raises NotPermitted, Invalid and PreconditionFailed.
    """
    require(by, "identity_provider.edit", None)
    before, was_active, issuer = facts(provider), provider.is_active, provider.issuer
    for name, value in _given(fields).items():
        setattr(provider, name, value)
    secret = fields.get("client_secret", "")
    _check(provider, secret)
    if provider.issuer != issuer and provider.identities.exists():
        raise Invalid.at(
            "/issuer",
            "fixed",
            _("People are linked to this issuer; at another one their subjects may be other people. Make a new one."),
        )
    if secret or urlsplit(provider.issuer)[:2] != urlsplit(issuer)[:2]:
        # What proves us at one host is never sent to another.
        provider.secret = {"client_secret": secret} if secret else {}
    with transaction.atomic():
        claim_version(provider)
        provider.save()
        replaced = ["client_secret"] if secret else []
        audit(by, "identity_provider.edit", provider, before=before, after=facts(provider), replaced=replaced)
        if was_active and not provider.is_active:
            stop_vouching(provider)
    return provider


def remove_provider(by: User, provider: IdentityProvider) -> None:
    """Trust it no more: its sessions end, what its groups gave goes, its people stay without a way in.

    Raises NotPermitted and PreconditionFailed.
    """
    require(by, "identity_provider.remove", None)
    with transaction.atomic():
        claim_version(provider)
        stop_vouching(provider)
        take_all(provider.identities.all())
        audit(by, "identity_provider.remove", provider, before=facts(provider))
        provider.delete()


def record_test(by: User, provider: IdentityProvider, failed: str) -> None:
    """Note that somebody tried it out; `failed` is the check that did, "" when none did. Raises NotPermitted."""
    require(by, "identity_provider.test", None)
    with transaction.atomic():
        audit(by, "identity_provider.test", provider, after={"failed": failed})


def facts(provider: IdentityProvider) -> dict[str, Any]:
    """What may be told about a provider: never its secret."""
    told = {name: getattr(provider, name) for name in ("name", "preset", *EDITABLE)}
    return {**told, "has_client_key": bool(provider.client_secret)}


def _given(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: fields[name] for name in EDITABLE if name in fields}


def _check(provider: IdentityProvider, secret: Any) -> None:
    errors: list[dict[str, str]] = []
    try:
        provider.clean_fields(exclude=["secret"])
    except ValidationError as error:
        errors += model_errors(error)
    if not isinstance(secret, str) or len(secret) > LONGEST_SECRET or not secret.isascii() or not secret.isprintable():
        errors.append(_wrong("/client_secret", _("A client secret is printable ASCII, at most 2000 characters.")))
    if not any(error["pointer"] == "/issuer" for error in errors):
        errors += _issuer_errors(provider)
    if "openid" not in str(provider.scopes).split():
        errors.append(_wrong("/scopes", _("The scope openid has to be among them.")))
    if errors:
        raise Invalid(_("This identity provider cannot be stored as it is."), errors=errors)


def _issuer_errors(provider: IdentityProvider) -> list[dict[str, str]]:
    try:
        checked_url(provider.issuer, allow_private=provider.allow_private_address)
    except AddressRefused as refusal:
        return [_wrong("/issuer", " ".join(filter(None, (f"{refusal.detail}.", refusal.next))))]
    if "?" in provider.issuer:
        return [_wrong("/issuer", _("An issuer has no query."))]
    return []


def _wrong(pointer: str, detail: str) -> dict[str, str]:
    return {"pointer": pointer, "code": "invalid", "detail": detail[:1].upper() + detail[1:]}
