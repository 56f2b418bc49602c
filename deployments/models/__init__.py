"""Rows of deployments: a Release with timeline, measurements and approvals, the Revisions that releases leave, and
promotions of many services at once."""

from deployments.models.analysis import AnalysisTemplate, Measurement
from deployments.models.approval import Approval, Voice
from deployments.models.event import ReleaseEvent
from deployments.models.portal import Portal, portal_key
from deployments.models.promotion import Promotion, PromotionItem
from deployments.models.release import Phase, Release, Status
from deployments.models.revision import Revision

__all__ = [
    "AnalysisTemplate",
    "Approval",
    "Measurement",
    "Phase",
    "Portal",
    "Promotion",
    "PromotionItem",
    "Release",
    "ReleaseEvent",
    "Revision",
    "Status",
    "Voice",
    "portal_key",
]
