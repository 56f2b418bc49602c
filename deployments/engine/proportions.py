"""Whether the share of failed requests of one version is larger than that of another, from counts of both."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

ALPHA = 0.05


@dataclass(frozen=True)
class Share:
    """So many of so many requests failed."""

    failed: float
    total: float

    @property
    def value(self) -> float:
        return self.failed / self.total


@dataclass(frozen=True)
class Difference:
    """Share of the new version less that of the old, with the interval that holds it."""

    value: float
    lower: float
    upper: float


def wilson(share: Share, z: float) -> tuple[float, float]:
    """Wilson's score interval of one share: good also for few requests and for none that failed.

    E. B. Wilson, Probable inference, the law of succession, and statistical inference. JASA 22 (1927) 209-212.
    """
    n, p = share.total, share.value
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def difference(new: Share, old: Share, z: float) -> Difference:
    """Newcombe's hybrid score interval of new - old. Both totals are above 0.

    R. G. Newcombe, Interval estimation for the difference between independent proportions: comparison of eleven
    methods. Statistics in Medicine 17 (1998) 873-890, method 10.
    """
    new_low, new_high = wilson(new, z)
    old_low, old_high = wilson(old, z)
    value = new.value - old.value
    lower = value - sqrt((new.value - new_low) ** 2 + (old_high - old.value) ** 2)
    upper = value + sqrt((new_high - new.value) ** 2 + (old.value - old_low) ** 2)
    return Difference(value, lower, upper)


def z_for_look(look: int, planned: int | None, alpha: float = ALPHA) -> float:
    """The z of the two-sided interval at the `look`-th look (from 1): all looks together err with at most `alpha`.

    Who looks often finds a difference by chance sooner or later. By Bonferroni's inequality the chances of error add
    up at most, however much the looks depend on each other: of `planned` looks each gets alpha / planned; where their
    number is open (None) the k-th gets alpha / (k (k + 1)), which sums to alpha over all k (on spending the error:
    C. Jennison, B. W. Turnbull, Group Sequential Methods with Applications to Clinical Trials, 2000, chapter 7).
    """
    looks = planned if planned is not None and look <= planned else look * (look + 1)
    return NormalDist().inv_cdf(1 - alpha / (2 * looks))
