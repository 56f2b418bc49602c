"""What can go wrong with installs. Each class carries its code and HTTP status."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from web.errors import Conflict, Invalid, SlipwayError


class HostUnreachable(SlipwayError):
    """Nothing can be done on a host. `step` is policy, dns, connect, host_key, authenticate, privileges or run."""

    code = "host_unreachable"
    status = 502
    title = _("The host cannot be worked on")

    def __init__(self, host: str, detail: str, *, step: str, next: str = "", **more: Any) -> None:
        super().__init__(detail, next=next, host=host, step=step, **more)
        self.host = host
        self.step = step

    @property
    def may_pass(self) -> bool:
        """Whether it may be another answer in a while: a connection comes back, a wrong password does not."""
        return self.step in {"connect", "run"}


class HostKeyUnknown(HostUnreachable):
    """The host showed a key that nobody has confirmed yet."""

    code = "host_key_unknown"
    title = _("The host's key has to be confirmed")


class HostKeyChanged(HostUnreachable):
    """The host showed another key than the one that was confirmed."""

    code = "host_key_changed"
    title = _("The host shows another key")


class StepFailed(SlipwayError):
    """A step ended with an error on its host; its last lines say why."""

    code = "install_step_failed"
    status = 422
    title = _("A step failed")


class StepTimedOut(StepFailed):
    """A step did not end within its time and was ended."""

    code = "install_step_timed_out"
    status = 504
    title = _("A step did not finish in time")


class NameTaken(Conflict):
    """An install, or a cluster, has this name."""

    code = "name_taken"


class RunActive(Conflict):
    """A run of this install has not ended; `blocked_by` names it."""

    code = "install_run_active"
    title = _("Another run has not ended")


class HostBusy(Conflict):
    """A run of another install works on one of the hosts; `blocked_by` names it."""

    code = "install_host_busy"
    title = _("Another install works on a host")


class WrongStatus(Conflict):
    """What was asked does not fit what the install is now."""

    code = "install_wrong_status"
    title = _("The install is not at that point")


class ChecksBlock(Conflict):
    """Checks that failed, or warnings nobody took on, are in the way; `blocked_by` lists them."""

    code = "install_checks_block"
    title = _("Checks are in the way")


class NotConfirmed(Invalid):
    """The name that was typed is not the one at hand."""

    code = "not_confirmed"
    title = _("The name does not match")


class HostKeyDiffers(Conflict):
    """The key that was confirmed is not the one that the host showed."""

    code = "host_key_differs"
    title = _("The host showed another key")
