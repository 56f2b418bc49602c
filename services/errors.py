"""What can be wrong with a wish about the catalog, each with a stable code."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from web.errors import Conflict, Invalid


class NameTaken(Conflict):
    code = "name_taken"
    title = _("The name is taken")


class WorkloadTaken(Conflict):
    code = "workload_taken"
    title = _("The workload belongs to another target")


class TargetExists(Conflict):
    code = "target_exists"
    title = _("The service already has a target in this environment")


class StillUsed(Conflict):
    """Something cannot be removed while others need it; `blocked_by` lists them."""

    code = "still_used"
    title = _("It is still used")


class UnknownWorkload(Invalid):
    code = "unknown_workload"
    title = _("The cluster has no such workload")


class UnknownContainer(Invalid):
    code = "unknown_container"
    title = _("The workload has no such container")


class WorkloadRefused(Invalid):
    """The cluster would not make the Deployment or the Kubernetes Service that was asked for."""

    code = "workload_refused"
    title = _("The cluster refused the workload")


class CatalogUnreadable(Invalid):
    code = "catalog_unreadable"
    title = _("The catalog file cannot be read")
