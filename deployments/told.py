"""What of a release's life is told outside the portal. The one place that knows the words of notifications."""

from __future__ import annotations

from accounts.models import User
from deployments.models import Approval


def tell_decided(approval: Approval, by: User, comment: str) -> None:
    """An approval was given or refused."""
