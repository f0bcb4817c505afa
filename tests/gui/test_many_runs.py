"""Many runs side by side: axes that are brushed, a scatter and a table that follow each other."""

from __future__ import annotations

import math
import time
from contextlib import closing

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from strongroom.bootstrap import create_registry, open_registry
from strongroom.gui.runs.many.frame import Axis, frame, inside
from strongroom.settings import Settings
from tests.gui.conftest import texts
from tests.lineage_story import run


def documents(count=40):
    found = []
    for n in range(count):
        lr, depth = 0.001 * (1 + n % 7), 2 + n % 5
        found.append(
            {
                "id": f"r{n}",
                "name": f"run {n}",
                "status": "finished",
                "params": {"lr": lr, "depth": depth, "optimizer": ("adam", "sgd")[n % 2], "seed": 1,
                           "path": f"/data/{n}"},
                "metrics": {"auc": 0.8 + depth / 100 - abs(lr - 0.004), "loss": 1.0 - depth / 10,
                            **({"odd": math.nan} if n == 3 else {"odd": n})},
            }
        )  # fmt: skip
    return found


def test_axes_are_what_differs_and_is_few_enough_to_tell():
    found = frame(documents(), {})
    names = {axis.name: axis for axis in found.axes}
    assert set(names) == {"lr", "depth", "optimizer", "auc", "loss", "odd"}
    assert names["optimizer"].words == ("adam", "sgd")
    assert (names["auc"].better, names["loss"].better) == ("higher", "lower")
    assert found.shown[-1] == "auc" and set(found.shown[:3]) == {"lr", "depth", "optimizer"}
    at = found.at("odd")
    assert found.rows[3].places[at] is None and found.rows[3].texts[at] == "nan"
    assert Axis("x", False, 0.0, 10.0).text(0.5) == "5"


def test_brushes_keep_what_lies_within_all_of_them():
    found = frame(documents(), {})
    kept = inside(found, {"depth": (0.9, 1.0), "optimizer": (0.0, 0.1)})
    runs = [documents()[n] for n in kept]
    assert runs and all(r["params"]["depth"] == 6 for r in runs)
    assert all(r["params"]["optimizer"] == "adam" for r in runs)
    assert 3 not in inside(found, {"odd": (0.0, 1.0)})
    assert inside(found, {"gone": (0.0, 0.1)}) == list(range(40))


@pytest.fixture
def many(person):
    with closing(create_registry(person.place, Settings(), "cli")) as registry:
        for one in documents():
            told = {
                field: {k: {"value": v, "by": "user"} for k, v in one[field].items()}
                for field in ("params", "metrics")
            }
            run(registry, one["id"], one["name"], {}, **told)
    person.open()
    person.window.go_to("Runs")
    screen = person.window.runs_screen
    person.until(lambda: screen.model.rowCount() == 40)
    screen.list.setFocus()
    person.key(Qt.Key.Key_O)
    person.until(lambda: len(screen.many.frame.rows) == 40)
    return screen


def test_a_range_of_an_axis_keeps_runs_everywhere(person, many):
    page = many.many
    assert page.table.model().rowCount() == 40 and "The 40 runs" in texts(page)
    person.picture("runs-many")
    plot = page.parallel
    x = round(plot._x(page.names.index("depth")))
    top, bottom = round(plot._y(1.0)), round(plot._y(0.8))
    QTest.mousePress(plot, Qt.MouseButton.LeftButton, pos=QPoint(x, top))
    QTest.mouseMove(plot, QPoint(x, (top + bottom) // 2))
    QTest.mouseMove(plot, QPoint(x, bottom))
    QTest.mouseRelease(plot, Qt.MouseButton.LeftButton, pos=QPoint(x, bottom))
    assert page.table.model().rowCount() == 8 and "8 of the 40 runs" in texts(page)
    person.picture("runs-many-brushed")
    person.theme.choose("dark")
    person.picture("runs-many-dark")
    QTest.mouseDClick(plot, Qt.MouseButton.LeftButton, pos=QPoint(x, top + 3))
    assert page.table.model().rowCount() == 40


def test_a_rectangle_in_the_scatter_keeps_two_ranges(person, many):
    page = many.many
    area = page.scatter._area()
    start, end = area.topLeft().toPoint(), area.center().toPoint()
    QTest.mousePress(page.scatter, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(page.scatter, (start + end) / 2)
    QTest.mouseMove(page.scatter, end)
    QTest.mouseRelease(page.scatter, Qt.MouseButton.LeftButton, pos=end)
    kept = page.table.model().rowCount()
    assert 0 < kept < 40 and set(page.brushes) == {page._x.currentData(), page._y.currentData()}
    person.click(person.button("All runs", page))
    assert page.table.model().rowCount() == 40


def test_selected_rows_are_compared_and_opened(person, many):
    page = many.many
    assert not page._compare.isEnabled()
    page.table.sortByColumn(page.names.index("auc") + 1, Qt.SortOrder.DescendingOrder)
    best = page.frame.rows[page.table.runs.order[0]]
    assert best.texts[page.frame.at("auc")] == max(
        r.texts[page.frame.at("auc")] for r in page.frame.rows
    )
    page.table.selectRow(0)
    page.table.setFocus()
    person.key(Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert len(page.table.selected()) == 2 and page._compare.isEnabled()
    assert page.parallel._marked == set(page.table.selected())
    person.click(page._compare)
    compare = person.window.compare_screen
    person.until(lambda: person.window.current is compare)
    assert len(compare.tray.refs) == 2
    person.window.go_to("Runs")
    page.table.selectRow(0)
    person.key(Qt.Key.Key_Return, widget=page.table)
    person.until(lambda: many.view.run is not None and many.view.run["id"] == best.id)
    assert many._right.currentWidget() is many.view


def test_axes_come_and_go(person, many):
    page = many.many
    menu = page.axes_menu()
    {a.text(): a for a in menu.actions()}["lr"].setChecked(False)
    assert "lr" not in page.names
    {a.text(): a for a in page.axes_menu().actions()}["odd"].setChecked(True)
    assert "odd" in page.names
    page.table.select({page.frame.rows.index(next(r for r in page.frame.rows if r.id == "r39"))})
    many.filter.setText("param.depth>4")
    person.until(lambda: len(page.frame.rows) == 16)
    assert "lr" not in page.names and "odd" in page.names
    assert [page.frame.rows[at].id for at in page.table.selected()] == ["r39"]


def test_a_run_that_comes_meanwhile_is_among_them_and_the_selection_stays(person, many, reopened):
    page = many.many
    chosen = page.frame.rows[5].id
    page.table.select({5})
    told = {
        "params": {"lr": {"value": 0.5, "by": "user"}},
        "metrics": {"auc": {"value": 0.99, "by": "user"}},
    }
    run(reopened, "new", "the newest", {}, **told)
    person.until(lambda: len(page.frame.rows) == 41)
    assert [page.frame.rows[at].id for at in page.table.selected()] == [chosen]
    assert page.table.selectionModel().currentIndex().isValid()


@pytest.fixture
def reopened(person):
    with closing(open_registry(person.place, Settings(), "cli")) as registry:
        yield registry


def test_a_thousand_runs_are_drawn_within_a_frame_or_two(person, many):
    """On the window's thread: each step of a range that is dragged draws them anew."""
    page, plot = many.many, many.many.parallel
    found = frame(documents(1000), {})
    times = []
    for _ in range(5):
        plot.show_frame(found, found.shown, {}, list(range(1000)))
        began = time.perf_counter()
        plot.repaint()
        times.append(time.perf_counter() - began)
    assert min(times) < 0.05, times
    page.clear()


def test_words_of_close_axes_do_not_meet(person, many):
    page = many.many
    plot = page.parallel
    wide = plot._ends()
    plot.resize(150 + 5 * 40, 300)
    assert plot._apart < 74 and plot._ends()[0] > wide[0]
    assert plot._place(plot._y(0.25)) == pytest.approx(0.25)
