"""Upload a chart: it is held to every rule before anything of it is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from accounts.models import Team
from accounts.permissions import require, team_ids_with
from audit.record import audit
from charts.errors import NameTaken
from charts.keeping import keep
from charts.models import ChartUpload
from durable.idempotency import note_made
from web.errors import Invalid, NotPermitted

if TYPE_CHECKING:
    from accounts.models import User


def upload_chart(by: User, content: bytes, *, team: str = "") -> tuple[ChartUpload, bool]:
    """Keep a chart for a team; an admin who names none keeps it for all. Answers the upload and whether it is new.

    A chart's name belongs to the team that took it first, and what a version holds never changes: the same archive
    again is the same upload. Raises NotPermitted, Invalid, NameTaken, ArchiveRefused, ArchiveTooLarge.
    """
    owner = _owner(by, team)
    require(by, "chart.upload", owner)
    archive = keep(content)
    if there := _there(by, archive.name, archive.chart_version, archive.digest, owner):
        return there, False
    upload = ChartUpload(
        name=archive.name, chart_version=archive.chart_version, team=owner, archive=archive, created_by=by
    )
    try:
        with atomic():
            upload.save(force_insert=True)
            note_made(upload.pk)
            after = {"chart": archive.name, "version": archive.chart_version, "digest": archive.digest}
            audit(by, "chart.upload", upload, after=after, team=owner.name if owner else "")
    except IntegrityError:
        if there := _there(by, archive.name, archive.chart_version, archive.digest, owner):
            return there, False
        raise
    return upload, True


def _owner(by: User, team: str) -> Team | None:
    if team:
        found = Team.objects.visible_to(by).filter(name=team).first()
        if found is None:
            raise Invalid.at("/team", "unknown_team", _("You belong to no team “%(name)s”.") % {"name": team[:80]})
        return found
    if by.is_admin:
        return None
    able = list(Team.objects.filter(pk__in=team_ids_with(by, "chart.upload")).order_by("name"))
    if len(able) > 1:
        names = ", ".join(each.name for each in able)
        raise Invalid.at("/team", "required", _("Say for which team it is: %(names)s.") % {"names": names})
    if not able:
        raise NotPermitted(
            _("You lack chart.upload in every team of yours."),
            permission="chart.upload",
            granted_by=_("a maintainer of your team, or an admin"),
            next=_("Ask a maintainer of your team for the role developer."),
        )
    return able[0]


def _there(by: User, name: str, version: str, digest: str, owner: Team | None) -> ChartUpload | None:
    """The upload that is this very archive. Raises NameTaken for another one under its name."""
    same_name = ChartUpload.objects.filter(name=name).select_related("archive", "team").defer("archive__packed")
    if (first := same_name.order_by("created_at").first()) is not None and first.team_id != (
        owner.pk if owner else None
    ):
        raise NameTaken(
            _("The chart name “%(name)s” is taken by another team.") % {"name": name},
            next=_("Give the chart another name in Chart.yaml."),
        )
    there = same_name.filter(chart_version=version).first()
    if there is None or there.archive.digest == digest:
        return there
    raise NameTaken(
        _("Version %(version)s of “%(name)s” was uploaded with other content.") % {"name": name, "version": version},
        next=_("Raise the version in Chart.yaml."),
    )
