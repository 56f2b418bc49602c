"""The cluster that a page is about, if the person may know of it."""

from __future__ import annotations

from django.http import Http404

from accounts.models import User
from accounts.permissions import why_not
from clusters.models import Cluster

_BUTTONS = ("register", "edit", "rotate", "remove", "guard")


def visible_cluster(user: User, name: str) -> Cluster:
    """Raises Http404 when there is none of that name, or the person may not know of it."""
    cluster = Cluster.objects.visible_to(user).filter(name=name).select_related("created_by").first()
    if cluster is None:
        raise Http404
    return cluster


def why_not_each(user: User) -> dict[str, str]:
    """For each thing that is done with clusters, why this person may not, "" where they may."""
    return {verb: why_not(user, f"cluster.{verb}", None) for verb in _BUTTONS}
