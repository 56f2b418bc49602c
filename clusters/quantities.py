"""Kubernetes resource quantities ("250m", "1.5Gi", "2e3") as whole numbers."""

from decimal import ROUND_CEILING, Decimal, InvalidOperation

_FACTORS = {
    "n": Decimal("1e-9"),
    "u": Decimal("1e-6"),
    "m": Decimal("1e-3"),
    "": Decimal(1),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)},
}
_LONGEST = 64


class NotAQuantity(ValueError):
    """The text is not a Kubernetes quantity."""


def quantity(value: object) -> Decimal:
    """The number that a quantity stands for; 0 for None. Raises NotAQuantity."""
    if value is None:
        return Decimal(0)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise NotAQuantity(f"a quantity should be a string or a number, but is {type(value).__name__}")
    written = str(value)[:_LONGEST]
    digits = written.rstrip("numkMGTPEi")
    try:
        number = Decimal(digits) * _FACTORS[written[len(digits) :]]
    except (InvalidOperation, KeyError):
        raise NotAQuantity(f"{written!r} is not a quantity") from None
    if not number.is_finite() or abs(number) > Decimal(2**63 - 1) / 1000:
        raise NotAQuantity(f"{written!r} is out of range")
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
