"""One pass over one run."""

from __future__ import annotations

from uuid import UUID

from durable.row_lease import RowLease
from installs.models import InstallRun

LEASE = RowLease(InstallRun, seconds=20.0, running=InstallRun.State.RUNNING)


def due() -> list[UUID]:
    """The runs that somebody should look at now, the oldest first."""
    return LEASE.due()


def advance(run_id: UUID | str) -> None:
    """Bring one run on."""
