"""The rows of accounts, a file for each subject."""

from accounts.models.ci_identities import CiIdentity, SwappedCiToken
from accounts.models.device_logins import DeviceGuess, DeviceLogin
from accounts.models.factors import Authenticator, Passkey, RecoveryCode
from accounts.models.identity_providers import GroupRule, Identity, IdentityProvider, ProviderSession
from accounts.models.people import Membership, Role, Team, Theme, User, username_rule
from accounts.models.roles import CustomRole
from accounts.models.saved_views import SavedView
from accounts.models.sessions import Session
from accounts.models.sign_in import BreakGlass, SignInPolicy
from accounts.models.tokens import Token

__all__ = [
    "Authenticator",
    "BreakGlass",
    "CiIdentity",
    "CustomRole",
    "DeviceGuess",
    "DeviceLogin",
    "GroupRule",
    "Identity",
    "IdentityProvider",
    "Membership",
    "Passkey",
    "ProviderSession",
    "RecoveryCode",
    "Role",
    "SavedView",
    "Session",
    "SignInPolicy",
    "SwappedCiToken",
    "Team",
    "Theme",
    "Token",
    "User",
    "username_rule",
]
