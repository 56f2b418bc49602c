"""Kubernetes resource quantities ("250m", "1.5Gi", "2e3") as whole numbers."""

import re
from decimal import ROUND_CEILING, Decimal

_FACTORS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}
_WRITTEN = re.compile(
    r"\A(?P<number>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?)(?P<suffix>[A-Za-z]{0,2})\Z"
)
_LONGEST = 64
# In thousandths it must still be a number that a database column holds.
_MOST = Decimal(2**63 - 1) / 1000


class NotAQuantity(ValueError):
    """The text is not a Kubernetes quantity."""


def quantity(value: object) -> Decimal:
    """The number that a quantity stands for; 0 for None. Raises NotAQuantity."""
    if value is None:
        return Decimal(0)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NotAQuantity(f"a quantity should be a string or a number, but is {type(value).__name__}")
    written = _WRITTEN.match(str(value)[:_LONGEST])
    if written is None or written["suffix"] not in _FACTORS:
        raise NotAQuantity(f"{str(value)[:_LONGEST]!r} is not a quantity")
    number = Decimal(written["number"]) * _FACTORS[written["suffix"]]
    if abs(number) > _MOST:
        raise NotAQuantity(f"{written[0]!r} is out of range")
    return number


def _whole(number: Decimal) -> int:
    return int(number.to_integral_value(rounding=ROUND_CEILING))


def millis_of(value: object) -> int:
    """CPU in thousandths of a core, rounded up. Raises NotAQuantity."""
    return _whole(quantity(value) * 1000)


def bytes_of(value: object) -> int:
    """Memory in bytes, rounded up. Raises NotAQuantity."""
    return _whole(quantity(value))


def count_of(value: object) -> int:
    """A plain count (pods, for example), rounded up. Raises NotAQuantity."""
    return _whole(quantity(value))
