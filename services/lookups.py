"""From the names people give to rows they may see. An unknown name and a hidden one get the same answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.models import Team
from clusters.models import Cluster
from services.models import Environment
from web.errors import Invalid

if TYPE_CHECKING:
    from accounts.models import User


def team_named(by: User, name: str, *, pointer: str = "/team") -> Team:
    """Raises Invalid at `pointer` unless the caller may see a team of that name."""
    team = Team.objects.visible_to(by).filter(name=name).first()
    if team is None:
        raise Invalid.at(pointer, "unknown_team", _("You belong to no team “%(name)s”.") % {"name": name})
    return team


def environment_named(name: str, *, pointer: str = "/environment") -> Environment:
    """Raises Invalid at `pointer`, naming the environments there are."""
    environment = Environment.objects.filter(name=name).first()
    if environment is None:
        known = ", ".join(Environment.objects.values_list("name", flat=True)) or "-"
        raise Invalid.at(
            pointer,
            "unknown_environment",
            _("There is no environment “%(name)s”. There are: %(known)s.") % {"name": name, "known": known},
        )
    return environment


def cluster_named(by: User, name: str, *, pointer: str = "/cluster") -> Cluster:
    """Raises Invalid at `pointer` unless the caller may see a cluster of that name."""
    cluster = Cluster.objects.visible_to(by).filter(name=name).first()
    if cluster is None:
        raise Invalid.at(
            pointer,
            "unknown_cluster",
            _("There is no cluster “%(name)s” that a team of yours has a grant on.") % {"name": name},
        )
    return cluster
