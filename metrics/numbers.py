"""How a number with a unit reads; static/js/behaviours/chart.js says the same while the pointer moves."""

from __future__ import annotations

_BYTES = ("B", "KiB", "MiB", "GiB", "TiB")


def shown(value: float | None, unit: str) -> str:
    """The number in words. Units: per_second, ratio, seconds, cores, bytes."""
    if value is None:
        return "–"
    if unit == "ratio":
        return f"{_short(value * 100)} %"
    if unit == "seconds":
        return f"{_short(value * 1000)} ms" if value < 1 else f"{_short(value)} s"
    if unit == "bytes":
        return _bytes(value)
    if unit == "cores":
        return _short(value)
    return f"{_short(value)}/s"


def _bytes(value: float) -> str:
    for name in _BYTES[:-1]:
        if abs(value) < 1024:
            return f"{_short(value)} {name}"
        value /= 1024
    return f"{_short(value)} {_BYTES[-1]}"


def _short(value: float) -> str:
    """Three digits that count, and never an exponent."""
    size = abs(value)
    decimals = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 1 else 3
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
