"""How far the values of one column have moved from those of another, from summaries of both.

Population stability index: PSI = Σ (bᵢ − aᵢ) · ln(bᵢ / aᵢ) over bins i, with the shares of the
baseline aᵢ and of the other bᵢ (N. Siddiqi, Credit Risk Scorecards, 2006). Bins are the baseline's
deciles, or words; a share below 1/10,000 counts as that much. Below 0.1 one speaks of no drift,
from 0.25 on of a great one.

Kolmogorov–Smirnov: KS = sup |A(x) − B(x)| of the distribution functions (N. Smirnov, 1939).

A column of numbers is given by its quantiles from 0 % to 100 % in equal steps; between two of them
the distribution function is taken to be straight, and a value that several of them share is a jump.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

_BINS = 10
_LEAST = 1e-4


def psi_of_numbers(a: Sequence[float], b: Sequence[float]) -> float | None:
    """From quantiles; None where one of them has fewer than two."""
    if len(a) < 2 or len(b) < 2:
        return None
    steps = len(a) - 1
    edges = sorted({a[round(steps * n / _BINS)] for n in range(1, _BINS)})
    return psi(_shares(a, edges), _shares(b, edges))


def psi_of_words(a: Mapping[str, float], b: Mapping[str, float]) -> float | None:
    """From shares of words; what is missing to 1 is all the others together."""
    if not a and not b:
        return None
    words = sorted(a.keys() | b.keys())
    rest = [max(0.0, 1.0 - sum(one.values())) for one in (a, b)]
    return psi(
        [*(a.get(w, 0.0) for w in words), rest[0]], [*(b.get(w, 0.0) for w in words), rest[1]]
    )


def psi(a: Sequence[float], b: Sequence[float]) -> float:
    """From shares by bin."""
    total = 0.0
    for before, after in zip(a, b, strict=True):
        if before != after:
            low, high = max(before, _LEAST), max(after, _LEAST)
            total += (high - low) * math.log(high / low)
    return total


def ks(a: Sequence[float], b: Sequence[float]) -> float | None:
    """From quantiles; None where one of them has fewer than two."""
    if len(a) < 2 or len(b) < 2:
        return None
    points = sorted({*a, *b})
    return max(
        max(abs(_up_to(a, x) - _up_to(b, x)), abs(share_below(a, x) - share_below(b, x)))
        for x in points
    )


def _shares(quantiles: Sequence[float], edges: Sequence[float]) -> list[float]:
    """Of the values up to each edge and beyond the one before."""
    reached = [0.0, *(_up_to(quantiles, edge) for edge in edges), 1.0]
    return [after - before for before, after in itertools.pairwise(reached)]


def _up_to(quantiles: Sequence[float], x: float) -> float:
    """The share of values that are not above x."""
    return _share(quantiles, bisect_right(quantiles, x), x)


def share_below(quantiles: Sequence[float], x: float) -> float:
    """The share of values that are below x."""
    return _share(quantiles, bisect_left(quantiles, x), x)


def _share(quantiles: Sequence[float], at: int, x: float) -> float:
    """The share of values below x, of which `at` quantiles are."""
    if at == 0:
        return 0.0
    if at == len(quantiles):
        return 1.0
    return (at - 1 + _between(quantiles, at, x)) / (len(quantiles) - 1)


def _between(quantiles: Sequence[float], at: int, x: float) -> float:
    low, high = quantiles[at - 1], quantiles[at]
    if high == low or not math.isfinite(high - low):
        return 0.0
    return (x - low) / (high - low)
