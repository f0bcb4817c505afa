"""Small histograms from summaries: against numpy's on the whole samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.histogram import BINS, WORDS, of_numbers, of_words


def quantiles(sample) -> list[float]:
    return np.quantile(np.asarray(sample, "f8"), np.linspace(0, 1, 101)).tolist()


def test_shares_are_those_of_the_samples():
    random = np.random.default_rng(1)
    samples = [random.normal(size=20_000), random.normal(1, 2, size=5_000)]
    found = of_numbers([quantiles(s) for s in samples])
    assert found is not None
    edges = np.linspace(found.low, found.high, BINS + 1)
    for sample, shares in zip(samples, found.shares, strict=True):
        counts = np.histogram(np.clip(sample, found.low, found.high), edges)[0] / len(sample)
        assert shares == pytest.approx(counts, abs=0.01)
    assert found.low == pytest.approx(min(np.quantile(s, 0.01) for s in samples))


def test_one_outlier_does_not_press_the_rest_together():
    values = [*np.linspace(0, 1, 5000), 1e12]
    found = of_numbers([quantiles(values)])
    assert found.high < 1.01 and max(found.shares[0]) < 0.1


def test_whole_numbers_are_counted_into_the_bins_where_they_are():
    found = of_numbers([quantiles([0] * 300 + [1] * 700)])
    shares = found.shares[0]
    assert shares[0] == pytest.approx(0.3, abs=0.011) and sum(shares) == pytest.approx(1)
    assert of_numbers([quantiles([5] * 9)]).shares == ((1.0,),)


def test_what_has_no_numbers_has_no_histogram():
    assert of_numbers([None, []]) is None and of_words([None, {}]) is None
    assert of_numbers([None, quantiles([1, 2, 3])]).shares[0] is None
    assert of_numbers([[-1e308] * 51 + [1e308] * 50]) is None


def test_words_by_their_greatest_share_and_the_rest_together():
    first = {f"w{n}": 0.1 for n in range(10)}
    found = of_words([first, {"new": 0.6, "w9": 0.3}, None])
    assert found.words[:2] == ("new", "w9") and len(found.words) == WORDS
    assert found.shares[1][:2] == (0.6, 0.3) and found.shares[1][-1] == pytest.approx(0.1)
    assert found.shares[0][-1] == pytest.approx(0.3) and found.shares[2] is None


@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=30), min_size=1, max_size=4))
def test_shares_sum_to_one(samples):
    found = of_numbers([quantiles(s) for s in samples])
    assert all(sum(s) == pytest.approx(1) and min(s) >= 0 for s in found.shares)
