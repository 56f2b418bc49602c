"""Rows of deployments: a Release, its timeline and measurements, and the Revisions that finished releases leave."""

from deployments.models.analysis import AnalysisTemplate, Measurement
from deployments.models.event import ReleaseEvent
from deployments.models.portal import Portal, portal_key
from deployments.models.release import Phase, Release, Status
from deployments.models.revision import Revision

__all__ = [
    "AnalysisTemplate",
    "Measurement",
    "Phase",
    "Portal",
    "Release",
    "ReleaseEvent",
    "Revision",
    "Status",
    "portal_key",
]
