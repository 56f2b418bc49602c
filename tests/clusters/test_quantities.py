"""Kubernetes quantities are read as the API means them."""

from __future__ import annotations

import pytest

from clusters.quantities import NotAQuantity, bytes_of, count_of, millis_of


@pytest.mark.parametrize(
    ("written", "millis"),
    [
        ("250m", 250),
        ("2", 2000),
        ("0.1", 100),
        (None, 0),
        ("1e3", 1_000_000),
        ("100u", 1),
        ("1k", 1_000_000),
        (2, 2000),
    ],
)
def test_cpu_is_in_thousandths_of_a_core(written, millis):
    assert millis_of(written) == millis


@pytest.mark.parametrize(
    ("written", "bytes_"),
    [
        ("128Mi", 128 * 2**20),
        ("1.5Gi", 3 * 2**29),
        ("1G", 10**9),
        ("128974848", 128974848),
        ("12E3", 12000),
        ("129M", 129 * 10**6),
    ],
)
def test_memory_is_in_bytes(written, bytes_):
    assert bytes_of(written) == bytes_


@pytest.mark.parametrize("written", ["", "lots", "1Q", "Mi", "1 Gi", "nan", "inf", "1e400", True, [], "9" * 80])
def test_what_is_no_quantity_says_so(written):
    with pytest.raises(NotAQuantity):
        bytes_of(written)


def test_a_count_is_plain():
    assert count_of("110") == 110
