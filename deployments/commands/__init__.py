"""What may be done with releases: one file a verb."""

from deployments.commands.abort import abort_release
from deployments.commands.approve import approve_release
from deployments.commands.reject import reject_release
from deployments.commands.retry import retry_release
from deployments.commands.rollback import rollback_release
from deployments.commands.start import start_release

__all__ = ["abort_release", "approve_release", "reject_release", "retry_release", "rollback_release", "start_release"]
