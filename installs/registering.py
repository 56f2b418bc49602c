"""The last step of an install: the portal takes the new cluster in, with the account that was made for it."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from clusters.commands.register import register_cluster
from clusters.commands.source import Source
from clusters.errors import ClusterRefused
from clusters.models import Cluster
from installs import stepping
from installs.kubeadm_config import endpoint, first_control_plane
from installs.models import Install, InstallRun, InstallStep
from installs.plain import config_of, hosts_of
from installs.shapes import Step
from installs.stepping import Work
from web.errors import SlipwayError

TOKEN, CA = "CLUSTER_TOKEN", "CLUSTER_CA"


def register(work: Work, run: InstallRun, row: InstallStep, step: Step) -> None:
    """Register the cluster under the install's name; one that this install registered before is left as it is.

    What is refused becomes the step's problem.
    """
    stepping.begin(work, row)
    install = Install.objects.select_related("cluster").get(pk=work.install.pk)
    if install.cluster is not None:
        stepping.done(work, row, was_done_before=True)
        return
    held = install.secrets or {}
    if TOKEN not in held or CA not in held:
        stepping.fail(work, row, _("The account's token was not given: retry, and it is made again."))
        return
    source = Source(api_url=api_url(install), token=held[TOKEN], ca_data=held[CA], allow_private_address=True)
    try:
        cluster = _registered(install) or register_cluster(run.created_by, install.name, source)[0]
    except SlipwayError as error:
        steps = getattr(error, "step", "") if isinstance(error, ClusterRefused) else ""
        stepping.fail(work, row, " ".join(part for part in (steps, error.detail, error.next) if part))
        return
    Install.objects.filter(pk=install.pk).update(cluster=cluster)
    work.log.say(_("%(name)s is registered") % {"name": cluster.name}, host=row.host, step=row.key)
    stepping.done(work, row)


def api_url(install: Install) -> str:
    """Where the API server answers: the endpoint, or the first control plane."""
    first = first_control_plane(hosts_of(install))
    facts = install.hosts.filter(name=first.name).values_list("facts", flat=True).first()
    return f"https://{endpoint(config_of(install), first, facts or {})}"


def _registered(install: Install) -> Cluster | None:
    """The cluster that a killed worker registered and did not note any more."""
    return Cluster.objects.filter(
        name=install.name, api_url=api_url(install), created_at__gte=install.created_at, created_at__lte=timezone.now()
    ).first()
