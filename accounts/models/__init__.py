"""The rows of accounts, a file for each subject."""

from accounts.models.device_logins import DeviceGuess, DeviceLogin
from accounts.models.identity_providers import GroupRule, Identity, IdentityProvider, ProviderSession
from accounts.models.people import Membership, Role, Team, Theme, User, username_rule
from accounts.models.roles import CustomRole
from accounts.models.saved_views import SavedView
from accounts.models.sessions import Session
from accounts.models.tokens import Token

__all__ = [
    "CustomRole",
    "DeviceGuess",
    "DeviceLogin",
    "GroupRule",
    "Identity",
    "IdentityProvider",
    "Membership",
    "ProviderSession",
    "Role",
    "SavedView",
    "Session",
    "Team",
    "Theme",
    "Token",
    "User",
    "username_rule",
]
