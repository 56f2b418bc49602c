"""What can go wrong when a provider says who somebody is."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from web.errors import SlipwayError

# In the order in which they are made: what stands before the failing one has passed, what stands after was not reached.
CHECKS = {
    "discovery": _("The provider's configuration was found, and is that of the issuer"),
    "answer": _("The provider sent the browser back, to the sign-in that was begun"),
    "token": _("The provider exchanged the code for tokens"),
    "keys": _("The provider's keys were fetched"),
    "signature": _("The ID token is signed by one of these keys"),
    "issuer": _("The ID token was issued by this provider"),
    "audience": _("The ID token is for this client"),
    "times": _("The ID token is valid now, and both clocks agree"),
    "nonce": _("The ID token was made for this very sign-in"),
    "claims": _("Subject, user name and groups are there"),
    "user": _("It is clear who that is here"),
}


class SignInFailed(SlipwayError):
    """Signing in by a provider did not work; `check` is the one of CHECKS that failed."""

    code = "sign_in_failed"
    status = 403
    title = _("Signing in did not work")

    def __init__(self, check: str, detail: str, *, next: str = "") -> None:
        super().__init__(detail, next=next, check=check)
        self.check = check


class NoLongerVouched(SignInFailed):
    """The provider said that it does not vouch for this session any more."""


class ProviderDown(SignInFailed):
    """The provider could not be asked, or did not answer as one: nothing is known about the person."""

    code = "provider_down"
    status = 503
    title = _("The provider does not answer")
