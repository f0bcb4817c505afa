"""Drift measures from summaries: against values by hand, and against the whole samples."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.domain.drift import ks, psi, psi_of_numbers, psi_of_words


def quantiles(sample) -> list[float]:
    return np.quantile(np.asarray(sample, "f8"), np.linspace(0, 1, 101)).tolist()


def test_psi_by_hand():
    assert psi([0.5, 0.5], [0.5, 0.5]) == 0
    expected = (0.8 - 0.5) * math.log(0.8 / 0.5) + (0.2 - 0.5) * math.log(0.2 / 0.5)
    assert psi([0.5, 0.5], [0.8, 0.2]) == pytest.approx(expected)
    assert psi([0.0, 1.0], [1.0, 0.0]) == pytest.approx(2 * (1 - 1e-4) * math.log(1e4))


def test_words_that_are_new_or_gone_count():
    assert psi_of_words({"a": 0.5, "b": 0.5}, {"a": 0.5, "b": 0.5}) == 0
    assert psi_of_words({"a": 1.0}, {"b": 1.0}) > 1
    assert psi_of_words({}, {}) is None


def test_a_shift_of_a_normal_distribution_has_the_ks_that_theory_says():
    random = np.random.default_rng(0)
    a, b = random.normal(size=100_000), random.normal(1.0, size=100_000)
    found = ks(quantiles(a), quantiles(b))
    assert found == pytest.approx(math.erf(0.5 / math.sqrt(2)), abs=0.01)  # 2 Phi(1/2) - 1
    assert psi_of_numbers(quantiles(a), quantiles(b)) == pytest.approx(0.95, abs=0.12)
    assert psi_of_numbers(quantiles(a), quantiles(a)) == 0 == ks(quantiles(a), quantiles(a))


def test_columns_of_few_values_have_jumps():
    coin, other = [0.0] * 50 + [1.0] * 50, [0.0] * 20 + [1.0] * 80
    assert ks(quantiles(coin), quantiles(other)) == pytest.approx(0.3, abs=0.02)
    assert psi_of_numbers(quantiles(coin), quantiles(other)) == pytest.approx(
        psi([0.5, 0.5], [0.2, 0.8]), abs=0.06
    )
    one = [3.0] * 10
    assert ks(quantiles(one), quantiles(one)) == 0
    assert ks(quantiles(one), quantiles([4.0] * 10)) == 1


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60),
       st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=60))  # fmt: skip
@settings(max_examples=150, deadline=None)
def test_whatever_the_values_are(a, b):
    one, other = quantiles(a), quantiles(b)
    found = ks(one, other)
    assert 0 <= found <= 1 and found == ks(other, one)
    assert psi_of_numbers(one, other) >= 0
    assert ks(one, one) == 0 and psi_of_numbers(one, one) == 0
