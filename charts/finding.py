"""What the palette finds among charts and their repositories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, F, Value
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from accounts.permissions import may_in_any_team
from charts.models import ChartRepository, ChartUpload, IndexedChart
from charts.sources import UPLOADS
from web.filters import searched
from web.palette import Found, matches

if TYPE_CHECKING:
    from accounts.models import User

MOST_COMPARED = 100
_CHART, _REPOSITORY = "chart", "repository"


def find_charts(user: User, words: str) -> Iterator[Found]:
    """Charts and repositories whose names hold the words, and what is done with them; none without words."""
    if not words:
        return
    for what, place, name in _named(user, words):
        if what == _REPOSITORY:
            yield Found(name, f"{reverse('charts:repositories')}#repository-{name}", "database", _("repository"))
        else:
            yield Found(name, f"{reverse('charts:show')}?{urlencode({'chart': f'{place}/{name}'})}", "package", place)
    if matches(label := _("Find a chart"), words):
        yield Found(label, reverse("charts:find"), "search")
    if matches(label := _("Chart repositories"), words):
        yield Found(label, reverse("charts:repositories"), "database")
    if matches(label := _("Upload a chart"), words) and may_in_any_team(user, "chart.upload"):
        yield Found(label, reverse("charts:upload"), "upload")


def _named(user: User, words: str) -> list[tuple[str, str, str]]:
    """Sort, place and name of what the words name, those whose name begins so first. One query: the palette asks many
    rooms at each key."""
    rows = [
        _told(searched(ChartRepository.objects.all(), ("name",), words), _REPOSITORY, Value("", CharField())),
        _told(searched(ChartUpload.objects.visible_to(user), ("name",), words), _CHART, Value(UPLOADS, CharField())),
        _told(searched(IndexedChart.objects.all(), ("name",), words), _CHART, F("repository__name")),
    ]
    found = list(rows[0].union(*rows[1:]).order_by("name", "place")[:MOST_COMPARED])
    return sorted(found, key=lambda row: not row[2].startswith(words.lower()))


def _told(rows: Any, what: str, place: F | Value) -> Any:
    return rows.order_by().annotate(what=Value(what, CharField()), place=place).values_list("what", "place", "name")
