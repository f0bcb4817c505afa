"""The sketches keep to the errors that their sources promise, also when they are merged."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.extract.sketch import Frequent, Moments, Quantiles, Smallest, mixed

numbers = st.floats(-1e9, 1e9, width=32)


def rank_error(sketch: Quantiles, values: np.ndarray) -> float:
    """The greatest difference, over 101 shares, between a share and the true rank of its value."""
    shares = [n / 100 for n in range(101)]
    found = sketch.quantiles(shares)
    ordered = np.sort(values)
    low = np.searchsorted(ordered, found, "left") / len(ordered)
    high = np.searchsorted(ordered, found, "right") / len(ordered)
    return float(max(np.maximum(low - shares, shares - high).max(), 0.0))


@given(st.lists(numbers, min_size=1, max_size=300))
def test_quantiles_of_few_values_are_exact(values: list[float]) -> None:
    sketch = Quantiles()
    sketch.add(np.array(values, np.float64))
    assert rank_error(sketch, np.array(values, np.float64)) <= 1 / len(values)
    assert sketch.quantiles([0.0, 1.0]) == [min(values), max(values)]


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["normal", "rising", "few", "heavy"]))
def test_quantiles_of_many_values_are_near(seed: int, shape: str) -> None:
    source = np.random.default_rng(seed)
    values = {
        "normal": lambda: source.normal(size=200_000),
        "rising": lambda: np.arange(200_000.0),
        "few": lambda: source.integers(0, 5, 200_000).astype(float),
        "heavy": lambda: source.pareto(0.5, 200_000),
    }[shape]()
    sketch = Quantiles(1000)
    for piece in np.array_split(values, 37):
        sketch.add(piece)
    assert sketch.count == 200_000 and sketch.kept() < 4000
    assert rank_error(sketch, values) < 0.01
    assert sketch.quantiles([0.0, 1.0]) == [values.min(), values.max()]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32), st.integers(2, 12))
def test_merged_quantiles_are_as_near(seed: int, parts: int) -> None:
    values = np.random.default_rng(seed).normal(size=100_000)
    whole = Quantiles(1000)
    for piece in np.array_split(values, parts):
        one = Quantiles(1000)
        one.add(piece)
        whole.merge(one)
    assert whole.count == len(values) and whole.kept() < 4000
    assert rank_error(whole, values) < 0.01
    assert abs(whole.rank(0.0) - (values <= 0).mean()) < 0.01


def test_nothing_has_no_quantiles() -> None:
    assert Quantiles().quantiles([0.0, 0.5]) == []


@given(st.lists(st.lists(numbers, max_size=50), max_size=6))
def test_moments_are_those_of_all_values(pieces: list[list[float]]) -> None:
    found = Moments()
    for piece in pieces:
        found.add(np.array(piece, np.float64))
    values = np.array([v for piece in pieces for v in piece], np.float64)
    assert found.count == len(values)
    if len(values):
        assert found.mean == pytest.approx(values.mean(), rel=1e-6, abs=1e-3)
    if len(values) > 1:
        assert found.deviation() == pytest.approx(values.std(ddof=1), rel=1e-5, abs=1e-3)
    else:
        assert found.deviation() is None


@given(st.lists(st.integers(0, 2**64 - 1), max_size=400))
def test_a_small_set_is_counted_exactly(hashes: list[int]) -> None:
    found = Smallest(512)
    for start in range(0, len(hashes), 17):
        found.add(np.array(hashes[start : start + 17], np.uint64))
    assert found.estimate() == len(set(hashes))
    assert found.plain() == [h >> 11 for h in sorted(set(hashes))]


@pytest.mark.parametrize("size", [5_000, 100_000, 2_000_000])
def test_a_large_set_is_estimated(size: int) -> None:
    first, second = Smallest(1024), Smallest(1024)
    hashes = mixed(np.arange(size, dtype=np.uint64))
    first.add(hashes[: size // 2])
    second.add(hashes[size // 3 :])
    first.merge(second)
    assert abs(first.estimate() - size) < 0.1 * size
    assert len(first.plain()) == 1024 and max(first.plain()) < 2**53


@given(st.lists(st.sampled_from("abcdefghij"), max_size=300), st.integers(1, 12))
def test_frequent_names_are_low_by_no_more_than_promised(names: list[str], room: int) -> None:
    found = Frequent(room)
    for start in range(0, len(names), 7):
        found.add(Counter(names[start : start + 7]))
    told = dict(found.top(100))
    for name, count in Counter(names).items():
        assert count - len(names) / (room + 1) <= told.get(name, 0) <= count
    if found.exact:
        assert told == Counter(names)


def test_merged_counts_keep_the_promise() -> None:
    whole = Frequent(50)
    for part in range(10):
        one = Frequent(50)
        one.add({"often": 100, **{f"rare {part} {n}": 1 for n in range(200)}})
        whole.merge(one)
    (name, count), *_ = whole.top(1)
    assert name == "often" and 1000 - 3000 / 51 <= count <= 1000 and not whole.exact
