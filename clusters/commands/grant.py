"""Let a team use namespaces of a cluster, and take that back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.permissions import require
from audit.record import audit
from clusters.models import Cluster, Grant
from web.errors import Invalid
from web.live import publish
from web.names import dns_label

if TYPE_CHECKING:
    from collections.abc import Iterable

    from accounts.models import Team, User


def create_grant(by: User | None, team: Team, cluster: Cluster, namespaces: Iterable[str]) -> tuple[Grant, bool]:
    """Add the namespaces to what the team may use on the cluster; `"*"` is all. `by` None is Slipway itself.

    Answers the grant and whether it is new: a team has one grant on a cluster, which grows. Idempotent.
    Raises NotPermitted and Invalid.
    """
    if by is not None:
        require(by, "grant.create", None)
    wanted = _checked(namespaces)
    with transaction.atomic():
        grant, is_new = Grant.objects.get_or_create(team=team, cluster=cluster, defaults={"namespaces": wanted})
        before = [] if is_new else grant.namespaces
        after = sorted({*before, *wanted})
        if is_new or after != before:
            grant.namespaces = after
            grant.version += not is_new
            grant.save()
            audit(
                by,
                "grant.create",
                grant,
                before={"namespaces": before},
                after={"namespaces": after},
                team=team.name,
                cluster=cluster.name,
            )
            publish("clusters")
    return grant, is_new


def remove_grant(by: User, grant: Grant) -> None:
    """Take the grant back. Targets that exist stay; new ones are refused. Raises NotPermitted."""
    require(by, "grant.remove", None)
    with transaction.atomic():
        audit(
            by,
            "grant.remove",
            grant,
            before={"namespaces": grant.namespaces},
            team=grant.team.name,
            cluster=grant.cluster.name,
        )
        grant.delete()
        publish("clusters")


def _checked(namespaces: Iterable[str]) -> list[str]:
    wanted = sorted({str(namespace).strip() for namespace in namespaces})
    if not wanted:
        raise Invalid.at("/namespaces", "required", _("Name at least one namespace, or * for all."))
    for namespace in wanted:
        if namespace != "*":
            try:
                dns_label(namespace)
            except ValidationError as error:
                detail = _("“%(name)s” is not a namespace.") % {"name": namespace[:80]}
                raise Invalid.at("/namespaces", "dns_label", detail) from error
    return wanted
