import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.domain.series import Point, Series
from strongroom.services.carried_series import packed, unpacked
from strongroom.services.inspection import Inspector, Piece

points = st.builds(
    Point,
    st.none() | st.integers(0, 99),
    st.floats() | st.integers(-9, 9),
    st.none() | st.just(1e9),
)


@given(st.dictionaries(st.text(max_size=8), st.lists(points, max_size=9).map(Series.of)))
def test_curves_arrive_as_they_left(series: dict[str, Series]) -> None:
    head, columns = packed([series, {}, series])
    data = bytearray().join(bytes(c) for c in columns)
    assert unpacked(json.loads(json.dumps(head)), data) == [series, {}, series] and not data


def test_what_curves_share_is_carried_once() -> None:
    one = Series.of([Point(1, 0.5), Point(2, 0.25)])
    two = Series(one.steps, one.times, one.values[::-1])
    head, columns = packed([{"one": one}, {"two": two}])
    assert len(columns) == 4
    first, second = unpacked(head, bytearray().join(bytes(c) for c in columns))
    assert first["one"].steps is second["two"].steps


@pytest.mark.parametrize(
    "head",
    [{}, {"lengths": [2], "runs": [{}]}, {"lengths": [1], "runs": [{"a": [0, 0, 1, 0, 0]}]},
     {"lengths": [1], "runs": [{"a": [0]}]}, {"lengths": [1], "runs": [{"a": None}]},
     {"lengths": [-1, 2], "runs": [{}]}, {"lengths": None, "runs": [{}]}],
)  # fmt: skip
def test_what_is_no_curves_is_refused(head: dict) -> None:
    with pytest.raises(ValueError, match=r"curves|unpack"):
        unpacked(head, bytearray(8))


def test_the_child_hands_over_whole_curves_and_few_points_of_a_run_that_goes_on() -> None:
    rows = "".join(f"{n},{'nan' if n == 4000 else n / 8}\n" for n in range(30_000))
    pieces = [Piece("metrics.csv", ("step,loss\n" + rows).encode())]
    inspector = Inspector()
    try:
        whole = inspector.read_run("plain", pieces)
        few = inspector.read_run("plain", pieces, 1000)
    finally:
        inspector.close()
    loss = whole["series"]["loss"]
    assert len(loss) == 30_000 and math.isnan(loss[4000].value) and loss[29_999].value == 29_999 / 8
    assert whole["summary"]["loss"]["points"] == few["summary"]["loss"]["points"] == 30_000
    assert len(few["series"]["loss"]) <= 1003
