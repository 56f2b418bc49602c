"""Take a cluster in: try it out, then save it with its credentials encrypted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from clusters.commands.check import Check, Facts, StepResult, check_destination
from clusters.commands.fields import clean_fields, name_taken, refuse_taken_name
from clusters.connection import forget
from clusters.connection.endpoint import Destination
from clusters.errors import ClusterRefused
from clusters.models import Cluster, ClusterCredential
from durable.commit import after_commit
from durable.idempotency import note_made
from web.live import publish

if TYPE_CHECKING:
    from accounts.models import User
    from clusters.commands.source import Source


def check_cluster(by: User | None, name: str, source: Source) -> Check:
    """Try a cluster out and save nothing. `by` None is Slipway itself. Raises NotPermitted.

    The answer's `refusal` is set when a step failed.
    """
    if by is not None:
        require(by, "cluster.register", None)
    return read_and_check(name, source)[0]


def register_cluster(by: User | None, name: str, source: Source, **values: Any) -> tuple[Cluster, list[StepResult]]:
    """Try the cluster out and save it; answers it with the steps of the check. `by` None is Slipway itself.

    `values` may hold title, environment, labels and prometheus_url. Raises NotPermitted, Invalid, Conflict when the
    name is taken, and ClusterRefused (with all steps) when a step failed. A cluster announced as building is filled in.
    """
    if by is not None:
        require(by, "cluster.register", None)
    announced = Cluster.objects.filter(name__iexact=name, credential=None, status=Cluster.Status.BUILDING).first()
    if announced is None or by is not None:
        refuse_taken_name(name)
    fields = clean_fields(values)
    check, destination, context = read_and_check(name, source)
    if check.facts is None or destination is None:
        raise check.refusal or ClusterRefused("parse", _("the check did not finish"), cluster=name)
    cluster = announced or Cluster(name=name, created_by=by)
    _fill(cluster, destination, context, check.facts, fields)
    try:
        with transaction.atomic():
            cluster.save()
            note_made(cluster.pk)
            ClusterCredential.objects.create(cluster=cluster, kind=destination.kind, secret=destination.secret)
            audit(by, "cluster.register", cluster, after=what_is_recorded(cluster))
            after_commit(forget, cluster.pk)
            publish(f"cluster:{cluster.name}", "clusters")
    except IntegrityError as error:
        raise name_taken(name) from error
    return cluster, check.steps


def read_and_check(name: str, source: Source) -> tuple[Check, Destination | None, str]:
    """The check of what was given, the destination when it could be read, and its context."""
    try:
        destination, context, parsed = source.read(name)
    except ClusterRefused as refusal:
        check = Check(refusal.pointer or source.pointer).failed(name, "parse", refusal.detail, refusal.next)
        return check, None, ""
    return check_destination(destination, parsed=parsed, pointer=source.pointer), destination, context


def connection_values(destination: Destination, context: str) -> dict[str, Any]:
    """The columns of Cluster that say where and how to connect; they change only together with the credentials."""
    return {
        "api_url": destination.api_url,
        "ca_data": destination.ca_data,
        "context": context,
        "tls_server_name": destination.tls_server_name,
        "insecure_skip_tls_verify": destination.insecure_skip_tls_verify,
        "allow_private_address": destination.allow_private_address,
    }


def observed_values(facts: Facts) -> dict[str, Any]:
    """The columns of Cluster that a passed check renews."""
    now = timezone.now()
    return {
        "uid": facts.uid,
        "kubernetes_version": facts.kubernetes_version,
        "capabilities": facts.capabilities,
        "status": Cluster.Status.CONNECTED,
        "status_message": "",
        "progress": None,
        "checked_at": now,
        "last_seen_at": now,
    }


def what_is_recorded(cluster: Cluster) -> dict[str, Any]:
    """The part of a cluster that goes into the audit log: no credential is in it."""
    names = ("api_url", "context", "title", "environment", "labels", "prometheus_url", "tls_server_name")
    flags = ("insecure_skip_tls_verify", "allow_private_address", "uid", "kubernetes_version")
    return {name: getattr(cluster, name) for name in (*names, *flags)}


def _fill(cluster: Cluster, destination: Destination, context: str, facts: Facts, fields: dict[str, Any]) -> None:
    for name, value in {**connection_values(destination, context), **observed_values(facts), **fields}.items():
        setattr(cluster, name, value)
