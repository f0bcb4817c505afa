"""Small histograms of one column in several tables, from summaries: the same bins for all.

Numbers: between two quantiles the distribution function F is taken to be straight, which is the
inverse of sample quantiles by definition 7 of R. Hyndman and Y. Fan, Sample Quantiles in
Statistical Packages, 1996. The share of a bin [x, y) of equal width is then F(y⁻) − F(x⁻).

The bins span what lies between the 1 % and 99 % quantiles of all, so that one outlier does not
press all else into one bin; what lies beyond is counted to the first and the last.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strongroom.domain.drift import share_below

BINS = 16
#: Words that have a bar of their own; the last bar is all the others together.
WORDS = 8


@dataclass(frozen=True, slots=True)
class Histogram:
    """`shares` of each table's values by bin, which sum to 1; None for a table without. `low` and
    `high` are the ends of the bins of numbers, `words` what the bars of words stand for.
    """

    shares: tuple[tuple[float, ...] | None, ...]
    low: float | None = None
    high: float | None = None
    words: tuple[str, ...] = ()


def of_numbers(quantiles: Sequence[Sequence[float] | None], bins: int = BINS) -> Histogram | None:
    """From rising quantiles in equal steps; None where no table has two of them."""
    known = [q for q in quantiles if q and len(q) > 1]
    if not known:
        return None
    low = min(q[(len(q) - 1) // 100] for q in known)
    high = max(q[len(q) - 1 - (len(q) - 1) // 100] for q in known)
    if not math.isfinite(high - low):
        return None
    inner = [low + (high - low) * n / bins for n in range(1, bins)] if high > low else []
    shares = [_shares(q, inner) if q and len(q) > 1 else None for q in quantiles]
    return Histogram(tuple(shares), low, high)


def of_words(shares: Sequence[Mapping[str, float] | None], most: int = WORDS) -> Histogram | None:
    """From shares of words, the commonest anywhere first."""
    known = [s for s in shares if s]
    if not known:
        return None
    highest: dict[str, float] = {}
    for one in known:
        for word, share in one.items():
            highest[word] = max(share, highest.get(word, 0.0))
    words = sorted(highest, key=lambda w: (-highest[w], w))[:most]
    made = [
        (*(s.get(w, 0.0) for w in words), max(0.0, 1.0 - sum(s.get(w, 0.0) for w in words)))
        if s
        else None
        for s in shares
    ]
    return Histogram(tuple(made), words=tuple(words))


def _shares(quantiles: Sequence[float], edges: Sequence[float]) -> tuple[float, ...]:
    reached = [0.0, *(share_below(quantiles, edge) for edge in edges), 1.0]
    return tuple(max(0.0, after - before) for before, after in itertools.pairwise(reached))
