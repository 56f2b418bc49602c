"""A lease has one owner at a time, and a new epoch with each new owner."""

import pytest

from durable import lease
from durable.clock import DbNow
from durable.models import Lease
from tests.conftest import until

pytestmark = pytest.mark.django_db


def test_the_first_to_ask_owns_it_and_others_do_not() -> None:
    assert lease.take("seal", "a", 30) == 1
    assert lease.take("seal", "b", 30) is None


def test_an_owner_who_asks_again_keeps_the_epoch() -> None:
    lease.take("seal", "a", 30)
    assert lease.take("seal", "a", 30) == 1


def test_a_lease_given_back_goes_to_the_next_with_a_higher_epoch() -> None:
    lease.take("seal", "a", 30)
    lease.give_back("seal", "a", 1)
    assert lease.take("seal", "b", 30) == 2


def test_an_expired_lease_is_taken_over_and_its_former_owner_notices() -> None:
    lease.take("seal", "a", 30)
    Lease.objects.update(until=DbNow(-1))
    assert not lease.renew("seal", "a", 1, 30)
    assert lease.take("seal", "b", 30) == 2
    lease.give_back("seal", "a", 1)
    assert lease.renew("seal", "b", 2, 30)


def test_even_the_same_owner_gets_a_new_epoch_after_expiry() -> None:
    lease.take("seal", "a", 30)
    Lease.objects.update(until=DbNow(-1))
    assert lease.take("seal", "a", 30) == 2


def test_a_short_lease_runs_out_by_the_clock_of_the_database() -> None:
    lease.take("seal", "a", 0.1)
    until(lambda: lease.take("seal", "b", 30) == 2, seconds=5)
