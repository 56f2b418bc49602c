"""Rows of deployments: a Release, its timeline, and the Revisions that finished releases leave."""

from deployments.models.event import ReleaseEvent
from deployments.models.portal import Portal, portal_key
from deployments.models.release import Phase, Release, Status
from deployments.models.revision import Revision

__all__ = ["Phase", "Portal", "Release", "ReleaseEvent", "Revision", "Status", "portal_key"]
