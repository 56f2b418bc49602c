"""Every call of the API that the URL map knows, with the things of a furnished house behind its addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from accounts.models import Team, User
from charts.models import ChartRepository
from tests.abuse.furnished import House, Place, furnish, places

REPOSITORY = "zebra-repository"
METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class ApiCall:
    """One method of one address."""

    method: str
    place: Place

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.place}"

    def address(self, house: House) -> str:
        return self.place.filled({**house.values, "repositories": REPOSITORY})


def furnished(team: Team, member: User) -> House:
    """The furnished house, and what is everybody's."""
    ChartRepository.objects.create(name=REPOSITORY, url="https://charts.example/zebra")
    return furnish(team, member)


def api_calls(*methods: str) -> list[ApiCall]:
    """All calls by these methods, by any when none is named."""
    return [ApiCall(method, place) for place in _places() for method in methods or METHODS if takes(place, method)]


def lists() -> list[ApiCall]:
    """Those that answer a list in portions."""
    return [call for call in api_calls("get") if getattr(call.place.view, "actions", {}).get("get") == "list"]


def takes(place: Place, method: str) -> bool:
    actions = getattr(place.view, "actions", None)
    return method in actions if actions else hasattr(place.view.cls, method)


def _places() -> Iterator[Place]:
    for place in places():
        if place.is_api and hasattr(place.view, "cls"):
            yield place
