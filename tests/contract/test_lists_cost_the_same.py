"""A list asks as many queries for twenty rows as for one, whatever it shows of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from accounts.models import Team, User
from deployments import listed
from tests.abuse.furnished import House
from tests.callers import ApiClient
from tests.contract.api_places import ApiCall, furnished, lists
from tests.contract.plenty import MANY, multiply, queries_of

MOST_QUERIES = 12


@pytest.fixture
def house(payments: Team, developer: User, admin: User, valkey: object) -> House:
    """Team payments with twenty of everything."""
    house = furnished(payments, developer)
    multiply(house, admin)
    return house


@pytest.mark.parametrize("call", lists(), ids=str)
@pytest.mark.parametrize("who", ["admin", "maintainer"])
def test_a_list_asks_as_often_for_twenty_rows_as_for_one(
    call: ApiCall, who: str, house: House, api: Callable[..., ApiClient], request: pytest.FixtureRequest
) -> None:
    caller, address = api(request.getfixturevalue(who)), call.address(house)
    if caller.get(address).status_code in (403, 404):
        pytest.skip(f"it is not a {who}'s to read")
    query = {"environment": house.target.environment.name} if address.endswith("/revisions/") else {}
    counted = {}
    for limit in ("1", str(MANY)):
        queries_of(caller, address, {"limit": limit, **query})
        listed.forget()
        rows, asked = queries_of(caller, address, {"limit": limit, **query})
        counted[limit] = len(asked)
        assert who == "maintainer" or rows == int(limit), f"{address} answers {rows}: see tests/contract/plenty.py"
        assert len(asked) <= MOST_QUERIES, "\n".join(asked)
    assert counted["1"] == counted[str(MANY)], counted
