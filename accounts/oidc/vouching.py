"""A session that began at a provider lasts as long as the provider vouches for it.

1. `vouch` keeps, beside the session, what the provider gave to ask again; a session that cannot be asked about ends
   when its ID token does.
2. Every few minutes `look` asks again: beat sweeps what is due, and a request does when beat has not. One process at a
   time holds the lease of the row, so that a rotating refresh token is used once.
3. What it rotated to is kept before anything else is done with the answer.
4. A refusal ends the session. A provider that cannot be asked leaves it for a while, then ends it, too.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import Identity, IdentityProvider, ProviderSession, Session, User
from accounts.oidc import flow
from accounts.oidc.errors import NoLongerVouched, ProviderDown, SignInFailed
from accounts.oidc.rules import apply_rules
from accounts.sessions import begin_session, current, end, end_at_most
from audit.record import audit
from durable.row_lease import Held, LeaseLost, RowLease, give_back, renew, save

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

# Longer than one look may take: the token endpoint, keys and userinfo, each with its own deadline.
LEASE = RowLease(ProviderSession, seconds=30, running=ProviderSession.CHECKING, most_at_once=4)
MOST_A_SWEEP = 200
SWEEP_SECONDS = 20.0
_LOOK_AT = "provider_look_at"

log = structlog.get_logger(__name__)


def vouch(request: HttpRequest, identity: Identity, proof: flow.Proof) -> None:
    """Sign the person in for as long as the provider vouches."""
    provider, user = identity.provider, identity.user
    with transaction.atomic():
        begin_session(request, user, way=Session.Way.OIDC, provider=provider.name)
        _extend_tokens(identity)
        session = current(request)
        if session is None:
            return
        row = ProviderSession(session=session, identity=identity, state=ProviderSession.PROVEN, tokens=proof.tokens)
        if row.refresh_token:
            row.due_at = timezone.now() + timedelta(seconds=settings.PROVIDER_CHECK_SECONDS)
        else:
            row.due_at = datetime.fromtimestamp(proof.expires_at, UTC)
            end_at_most(request, row.due_at)
        row.save(force_insert=True)
        _look_later(request)


def look(pk: UUID | str) -> None:
    """Ask the provider about one session, if it is due and nobody else is asking."""
    LEASE.in_turn(pk, _look)


def sweep() -> int:
    """Look at what is due, the oldest first. A provider that does not answer is left alone for the rest of the round.
    Answers how many were looked at."""
    stop_at, silent, looked = timezone.now() + timedelta(seconds=SWEEP_SECONDS), set[UUID](), 0
    due = LEASE.due(MOST_A_SWEEP)
    provider_of = dict(ProviderSession.objects.filter(pk__in=due).values_list("pk", "identity__provider_id"))
    for pk in due:
        if timezone.now() > stop_at:
            break
        if provider_of.get(pk) in silent:
            continue
        look(pk)
        looked += 1
        if ProviderSession.objects.filter(pk=pk, unheard_since__isnull=False).exists():
            silent.add(provider_of[pk])
    return looked


def stop_vouching(provider: IdentityProvider) -> int:
    """End every session of a provider that goes out of use, and the tokens it stood for. Answers how many."""
    ended = 0
    for row in ProviderSession.objects.filter(identity__provider=provider).select_related("session", "identity__user"):
        ended += _end(row, "provider switched off")
    for user in User.objects.filter(identities__provider=provider).distinct():
        _let_tokens_end(user, but=provider)
    return ended


def sign_out_elsewhere(request: HttpRequest) -> dict[str, str] | None:
    """Where the person of this session can sign out of the provider as well: {title, url}; None for nowhere."""
    session = current(request)
    rows = ProviderSession.objects.select_related("identity__provider")
    row = rows.filter(session=session).first() if session else None
    url = flow.sign_out_url(row.identity.provider, row.id_token) if row else ""
    return {"title": row.identity.provider.title, "url": url} if row and url else None


class VouchedMiddleware:
    """Asks about a session itself where the sweep is late by a whole round, and lets nobody in whose session ended."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            _look_if_late(request)
        return self.get_response(request)


def _look_if_late(request: HttpRequest) -> None:
    look_at = parse_datetime(request.session.get(_LOOK_AT, ""))
    if look_at is None or timezone.now() < look_at:
        return
    session = current(request)
    row = ProviderSession.objects.filter(session=session).first() if session else None
    if row is not None:
        look(row.pk)
        if ProviderSession.objects.filter(pk=row.pk).exists():
            _look_later(request)
            return
    request.session.flush()
    request.user = AnonymousUser()


def _look_later(request: HttpRequest) -> None:
    late = timezone.now() + timedelta(seconds=2 * settings.PROVIDER_CHECK_SECONDS)
    request.session[_LOOK_AT] = late.isoformat()


def _look(held: Held) -> None:
    rows = ProviderSession.objects.select_related("session", "identity__provider", "identity__user")
    row = rows.filter(pk=held.pk).first()
    if row is None:
        return
    provider, user = row.identity.provider, row.identity.user
    if not provider.is_active or not user.is_active or not row.refresh_token:
        _end(row, "not refreshable" if provider.is_active and user.is_active else "switched off")
        return
    try:
        _ask(held, row)
    except LeaseLost:
        return
    except NoLongerVouched as refusal:
        log.info("session.not_vouched", session=str(row.session_id), provider=provider.name, why=refusal.detail)
        _end(row, "refused by the provider")
        _let_tokens_end(user)
    except SignInFailed as failure:
        # A client that is refused is an admin's mistake, and a silence is nobody's: neither speaks of this person.
        if isinstance(failure, ProviderDown) or failure.check in {"token", "discovery"}:
            _unheard(held, row, failure)
        else:
            log.warning("session.not_proven", session=str(row.session_id), provider=provider.name, why=failure.detail)
            _end(row, "the refreshed proof was refused")


def _ask(held: Held, row: ProviderSession) -> None:
    identity = row.identity
    answer = flow.renew_tokens(identity.provider, row.tokens)
    if not renew(held):
        # Somebody else went on with the old token; the new one is still the only good one.
        log.warning("session.slow_refresh", session=str(row.session_id))
    row.tokens = flow.kept_of(answer, row.tokens)
    row.save(update_fields=["tokens"])
    person = flow.prove_again(identity.provider, identity.subject, answer)
    if person is not None:
        apply_rules(identity, person.groups)
    _extend_tokens(identity)
    save(held, state=ProviderSession.PROVEN, checked_at=timezone.now(), unheard_since=None)
    give_back(held, look_again_in=settings.PROVIDER_CHECK_SECONDS)


def _unheard(held: Held, row: ProviderSession, failure: SignInFailed) -> None:
    """Nothing is known: the session stays for the time of grace, and is asked about again soon."""
    since = row.unheard_since or timezone.now()
    told = {"session": str(row.session_id), "provider": row.identity.provider.name, "why": failure.detail}
    log.warning("session.provider_silent", down=isinstance(failure, ProviderDown), **told)
    if timezone.now() - since >= timedelta(seconds=settings.PROVIDER_GRACE_SECONDS):
        _end(row, "the provider could not be asked")
        return
    save(held, state=ProviderSession.PROVEN, unheard_since=since)
    give_back(held, look_again_in=min(60, settings.PROVIDER_CHECK_SECONDS))


def _end(row: ProviderSession, because: str) -> bool:
    with transaction.atomic():
        was_there = end(row.session)
        if was_there:
            name = row.identity.provider.name
            audit(None, "session.end", row.identity.user, provider=name, because=because)
    return was_there


def _extend_tokens(identity: Identity) -> None:
    """Tokens of a person without a password here go on for some days: as long as the provider vouches now and then."""
    user = identity.user
    if user.has_usable_password():
        if user.vouched_until:
            User.objects.filter(pk=user.pk).update(vouched_until=None)
        return
    User.objects.filter(pk=user.pk).update(vouched_until=timezone.now() + timedelta(days=identity.provider.token_days))


def _let_tokens_end(user: User, *, but: IdentityProvider | None = None) -> None:
    """Tokens of who cannot sign in by a password here rest until the person signs in again."""
    others = Identity.objects.filter(user=user, provider__is_active=True)
    if but is not None and others.exclude(provider=but).exists():
        return
    if not user.has_usable_password():
        User.objects.filter(pk=user.pk).update(vouched_until=timezone.now())
