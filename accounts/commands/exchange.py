"""Swapping the token of a CI job for one of a robot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.commands.tokens import facts, mint
from accounts.exchange.checking import LEEWAY_SECONDS, Checked, check_token
from accounts.exchange.claims import told
from accounts.models import CiIdentity, SwappedCiToken, Token, User
from accounts.token_rules import Reach
from audit.record import audit
from web.errors import SlipwayError

log = structlog.get_logger(__name__)

NEXT = {
    "form": gettext_lazy("Send the ID token itself, as the CI system gave it to the job."),
    "issuer": gettext_lazy("Let a maintainer set up a CI identity for this CI system."),
    "keys": gettext_lazy("Ask for a new token and try again."),
    "signature": gettext_lazy("Ask for a new token and try again."),
    "times": gettext_lazy("Ask for the token right before it is sent, and look at the clocks."),
    "audience": gettext_lazy("Ask the CI system for a token whose audience is the one of the CI identity."),
    "claims": gettext_lazy("A maintainer sees under Settings, CI identities what a token lacks."),
    "identity": gettext_lazy("Send the name of the job's CI identity as “identity” beside the token."),
    "replay": gettext_lazy("Ask for a new token for each exchange."),
}


class ExchangeRefused(SlipwayError):
    """The token of a CI job proves nothing here; `check` is the one of the checks that failed."""

    code = "exchange_refused"
    status = 401
    title = gettext_lazy("This token is not swapped")
    auth_header = 'Bearer realm="slipway"'

    def __init__(self, check: str, detail: str) -> None:
        said = _("The check “%(check)s” failed: %(detail)s.") % {"check": check, "detail": detail}
        super().__init__(said, next=str(NEXT.get(check, "")), check=check)


class IssuerUnreachable(SlipwayError):
    """The issuer's keys could not be had, so that nothing can be said of its tokens."""

    code = "issuer_unreachable"
    status = 503
    title = gettext_lazy("The issuer does not answer")


def exchange_token(raw: str, named: str = "") -> tuple[Token, str]:
    """A token of the robot of the CI identity that matches, with its text. A CI token is swapped once.

    `named` is the identity that the job means; of several of one team the first by order counts.

    Raises ExchangeRefused, which says the check but nothing of the rules, and IssuerUnreachable.
    """
    checked = check_token(raw, _counting(), named)
    if checked.failed or checked.identity is None:
        raise _refused(checked)
    identity, robot = checked.identity, checked.identity.robot
    now = timezone.now()
    reach = Reach(identity.scopes, (), identity.services, identity.environments)
    try:
        with transaction.atomic():
            SwappedCiToken.objects.create(hash=checked.fingerprint, good_until=_good_until(checked))
            token, text = mint(
                robot, _name(checked), reach, timedelta(seconds=identity.lifetime_seconds), Token.Way.EXCHANGE
            )
            CiIdentity.objects.filter(pk=identity.pk).update(last_used_at=now)
            robot.token = token
            audit(
                robot,
                "token.exchange",
                token,
                team=identity.team.name,
                after=facts(token),
                ci_identity=identity.name,
                issuer=identity.issuer,
                claims=told(checked.claims),
            )
    except IntegrityError as error:
        raise ExchangeRefused("replay", _("it was swapped before")) from error
    return token, text


def try_token(by: User, raw: str, named: str = "") -> Checked:
    """Say what each check finds for a token, by the CI identities that the person may see. It is not used up.

    Of the identities of other teams it is told that some match as well, as the job itself would be told.
    """
    seen = CiIdentity.objects.visible_to(by).filter(is_active=True)
    checked = check_token(raw, list(seen.select_related("robot", "team")), named)
    if checked.identity and (whole := check_token(raw, _counting(), named)).failed == "identity":
        checked.identity, checked.failed, checked.detail = None, whole.failed, whole.detail
    return checked


def forget_swapped() -> int:
    """Remove what is refused for its age by now. Answers how many."""
    return SwappedCiToken.objects.filter(good_until__lt=timezone.now()).delete()[0]


def _counting() -> list[CiIdentity]:
    rows = CiIdentity.objects.filter(is_active=True, robot__is_active=True)
    return list(rows.select_related("robot__robot_of", "team").order_by("order", "name"))


def _refused(checked: Checked) -> SlipwayError:
    log.info("exchange.refused", check=checked.failed, why=checked.detail)
    if checked.is_issuer_down:
        return IssuerUnreachable(
            _("The keys of the token's issuer cannot be had now."), next=_("Try again in a minute."), check="keys"
        )
    return ExchangeRefused(checked.failed, checked.detail)


def _good_until(checked: Checked) -> datetime:
    ends = min(float(checked.claims["exp"]), timezone.now().timestamp() + timedelta(days=366).total_seconds())
    return datetime.fromtimestamp(ends, UTC) + timedelta(seconds=2 * LEEWAY_SECONDS)


def _name(checked: Checked) -> str:
    """Which job it was, as a name of a token."""
    said = told(checked.claims)
    where = said.get("repository") or said.get("project_path") or said.get("sub", "")
    run = said.get("run_id") or said.get("job_id") or ""
    name = f"{where} {run}".strip()[:100]
    return name if name.isprintable() and name else "ci"
