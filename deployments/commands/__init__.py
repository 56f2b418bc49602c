"""What may be done with releases: one file a verb."""

from deployments.commands.abort import abort_release
from deployments.commands.abort_promotion import abort_promotion
from deployments.commands.approve import approve_release
from deployments.commands.edit import edit_release
from deployments.commands.override import override_window
from deployments.commands.pause import pause_release
from deployments.commands.promote import promote_release
from deployments.commands.promote_service import promote_service
from deployments.commands.reject import reject_release
from deployments.commands.resume import resume_release
from deployments.commands.retry import retry_release
from deployments.commands.rollback import rollback_release
from deployments.commands.settle_orphans import settle_orphans
from deployments.commands.start import start_release
from deployments.commands.start_promotion import plan_promotion, start_promotion

__all__ = [
    "abort_promotion",
    "abort_release",
    "approve_release",
    "edit_release",
    "override_window",
    "pause_release",
    "plan_promotion",
    "promote_release",
    "promote_service",
    "reject_release",
    "resume_release",
    "retry_release",
    "rollback_release",
    "settle_orphans",
    "start_promotion",
    "start_release",
]
