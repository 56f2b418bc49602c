"""Codes that people type as their second factor: of an authenticator app (TOTP, RFC 6238), or one for recovery."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable

import pyotp
import segno
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Authenticator, RecoveryCode, User
from audit.record import audit
from web.errors import TooManyRequests

STEP_SECONDS = 30
# A telephone's clock may be wrong by one step to either side.
DRIFT_STEPS = 1
# Of one account, from wherever: who knows its password must not get to guess for ever.
MOST_WRONG_CODES = 20
RECOVERY_CODES = 10
# Without letters and digits that look alike. 16 of these hold 79 random bits, so that a plain fast hash is enough.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_LENGTH, _GROUP = 16, 4

clock: Callable[[], float] = time.time


class CodesBlocked(TooManyRequests):
    """So many codes of this account were wrong that the app's are not looked at any more."""

    code = "codes_blocked"


def new_secret() -> str:
    """What portal and app will share: 160 random bits."""
    return pyotp.random_base32()


def address_of(user: User, secret: str) -> str:
    """What an app reads out of the picture: an `otpauth:` address."""
    return pyotp.TOTP(secret, name=user.username, issuer="Slipway").provisioning_uri()


def picture(address: str) -> dict[str, object]:
    """The QR code of an address, as the side of a square and the path of its dark fields."""
    rows = [list(row) for row in segno.make(address, error="m", micro=False).matrix_iter(border=4)]
    path = []
    for y, row in enumerate(rows):
        x = 0
        while x < len(row):
            run = 1
            while x + run < len(row) and row[x + run] == row[x]:
                run += 1
            if row[x]:
                path.append(f"M{x} {y}h{run}v1h-{run}z")
            x += run
    return {"side": len(rows), "path": "".join(path)}


def step_of(secret: str, code: str) -> int | None:
    """The time step whose code this is, within the drift; None for a wrong one."""
    now = int(clock() // STEP_SECONDS)
    otp = pyotp.TOTP(secret)
    # Every step is compared, so that the time taken does not tell which fits.
    fitting = [
        step
        for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1)
        if hmac.compare_digest(otp.generate_otp(step).encode(), code.encode())
    ]
    return fitting[-1] if fitting else None


def plain(text: str) -> str:
    """A code without the spaces and hyphens that people type."""
    return "".join(letter for letter in text.lower() if letter.isalnum())[:64]


def accept(user: User, text: str) -> bool:
    """Whether this code proves the second factor. A code does so once, whoever is quicker.

    Raises CodesBlocked once too many codes of the app were wrong in a row.
    """
    code = plain(text)
    with transaction.atomic():
        if code.isdigit():
            accepted = _accept_of_app(user, code)
        else:
            accepted = _accept_for_recovery(user, code)
        if not accepted:
            Authenticator.objects.filter(user=user).update(wrong_codes=F("wrong_codes") + 1)
            audit(user, "second_factor.refuse", user)
    return accepted


def new_recovery_codes(user: User) -> list[str]:
    """Ten new codes in the place of the old ones. They are stored as hashes and cannot be shown again."""
    codes = ["".join(secrets.choice(_LETTERS) for _letter in range(_LENGTH)) for _code in range(RECOVERY_CODES)]
    RecoveryCode.objects.filter(user=user).delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, hash=_hashed(user, code)) for code in codes)
    return ["-".join(code[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP)) for code in codes]


def _accept_of_app(user: User, code: str) -> bool:
    row = Authenticator.objects.filter(user=user, is_on=True).first()
    if row is None:
        return False
    if row.wrong_codes >= MOST_WRONG_CODES:
        raise CodesBlocked(
            _("Too many codes of this account were wrong, from wherever they came."),
            next=_("Use a recovery code or a passkey, or ask an admin to reset your second factor."),
        )
    step = step_of(row.secrets["secret"], code)
    newer = Authenticator.objects.filter(pk=row.pk, last_step__lt=step or 0)
    return step is not None and bool(newer.update(last_step=step, wrong_codes=0))


def _accept_for_recovery(user: User, code: str) -> bool:
    unused = RecoveryCode.objects.filter(user=user, hash=_hashed(user, code), used_at=None)
    if not unused.update(used_at=timezone.now()):
        return False
    Authenticator.objects.filter(user=user).update(wrong_codes=0)
    audit(user, "recovery_codes.use", user, left=RecoveryCode.objects.filter(user=user, used_at=None).count())
    return True


def _hashed(user: User, code: str) -> str:
    return hashlib.sha256(f"{user.pk}:{code}".encode()).hexdigest()
