"""The lineage screen: a graph to look at, to travel by keyboard, to decide on and to export."""

from __future__ import annotations

import json
from contextlib import closing
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from strongroom.bootstrap import create_registry
from strongroom.gui.lineage.graph import Edge, Graph, Node, collapsed, filtered
from strongroom.gui.lineage.layout import arrange
from strongroom.gui.lineage.lines import STYLES, lines
from strongroom.settings import Settings
from tests import lineage_story
from tests.gui.conftest import texts


@pytest.fixture
def told(person, tmp_path):
    with closing(create_registry(person.place, Settings(), "cli")) as registry:
        made = lineage_story.tell(registry, tmp_path / "work")
        registry.catch_up()
    person.open()
    return made


def shown(person, name):
    person.window.show_lineage(name)
    screen = person.window.lineage_screen
    person.until(lambda: screen.shown is not None and screen.shown.root == name)
    person.until(lambda: bool(screen.canvas.selected))
    return screen


def links(screen):
    return {(e.start, e.end): e for e in screen.shown.edges}


def press_card(person, screen, name):
    at = screen.canvas.view.to_screen(screen.canvas.middle_of(name)).toPoint()
    QTest.mouseClick(screen.canvas, Qt.MouseButton.LeftButton, pos=at)


def test_the_graph_of_a_model_with_its_past_and_what_came_of_it(person, told):
    screen = shown(person, told["model"])
    assert set(screen.shown.nodes) == {*told.values(), "run:run-0371", "run:run-0402"}
    bases = {pair: edge.basis for pair, edge in links(screen).items()}
    assert bases[told["data"], "run:run-0371"] == "declared"
    assert bases[told["spec"], "run:run-0371"] == "observed"
    assert bases[told["base"], told["model"]] == "inferred"
    assert {"declared", "observed", "inferred"} == set(STYLES)
    x = {name: at[0] for name, at in screen.canvas.placed.positions.items()}
    assert x[told["data"]] < x["run:run-0371"] < x[told["model"]] < x[told["small"]]
    person.until(lambda: "Impact" in texts(screen.side))
    assert "Provenance complete" in texts(screen.side)
    person.picture("lineage")
    person.theme.choose("dark")
    person.picture("lineage-dark")


def test_from_a_model_to_its_dataset_and_back_by_keyboard_alone(person, told):
    person.window.page.table.setFocus()
    person.until(lambda: told["model"] in person.rows())
    person.table.select_row(person.rows().index(told["model"]))
    person.key(Qt.Key.Key_L, widget=person.table)
    screen = person.window.lineage_screen
    person.until(lambda: screen.shown is not None and screen.canvas.hasFocus())
    person.until(lambda: screen.canvas.selected == told["model"])
    person.key(Qt.Key.Key_Left)  # the nearest thing it was made from, then on to the run's data
    for _ in range(3):
        if screen.canvas.selected == "run:run-0371":
            break
        person.key(Qt.Key.Key_Down)
    assert screen.canvas.selected == "run:run-0371"
    person.key(Qt.Key.Key_Left)
    assert screen.shown.nodes[screen.canvas.selected].kind in ("dataset", "config")
    while screen.canvas.selected != told["data"]:
        before = screen.canvas.selected
        person.key(Qt.Key.Key_Up)
        if screen.canvas.selected == before:
            break
    for _ in range(4):
        if screen.canvas.selected == told["data"]:
            break
        person.key(Qt.Key.Key_Down)
    assert screen.canvas.selected == told["data"]
    assert "transactions v1" in screen.canvas.accessibleDescription()
    person.key(Qt.Key.Key_Return)
    person.until(lambda: person.window.current is person.window.library)
    person.until(lambda: person.window.library.detail.shown == told["data"])
    person.key(Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    person.until(lambda: person.window.current is screen)
    person.until(lambda: screen.canvas.hasFocus())
    person.key(Qt.Key.Key_Right)
    assert screen.canvas.selected == "run:run-0371"
    person.key(Qt.Key.Key_Right)
    assert screen.canvas.selected == told["model"]


def test_a_wrong_inference_is_refused_by_one_click_and_stays_refused(person, told):
    screen = shown(person, told["model"])
    pair = told["base"], told["model"]
    assert links(screen)[pair].rule == "shared tensors"
    person.click(person.button("Refuse", screen.side))
    person.until(lambda: pair not in links(screen))
    assert told["base"] not in screen.shown.nodes
    person.until(lambda: "Inferred and refused" in texts(screen.side))
    person.picture("lineage-refused")
    person.key(Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier, person.window)
    person.until(lambda: pair in links(screen))
    person.click(person.button("Confirm", screen.side))
    person.until(lambda: links(screen)[pair].decision == "confirmed")
    person.click(person.button("Take back", screen.side))
    person.until(lambda: links(screen)[pair].decision == "")
    person.click(person.button("Refuse", screen.side))
    person.until(lambda: pair not in links(screen))


def test_search_walks_through_the_hits(person, told):
    screen = shown(person, told["model"])
    person.key(Qt.Key.Key_Slash, widget=person.window)
    person.type(screen.field.edit, "fraud")
    assert set(screen.canvas.hits) >= {told["model"], told["small"], told["holdout"]}
    seen = []
    for _ in range(len(screen.canvas.hits)):
        person.key(Qt.Key.Key_Return, widget=screen.field.edit)
        seen.append(screen.canvas.selected)
    assert seen == screen.canvas.hits
    person.key(Qt.Key.Key_Return, Qt.KeyboardModifier.ShiftModifier, screen.field.edit)
    assert screen.canvas.selected == seen[-2]
    person.key(Qt.Key.Key_Escape, widget=screen.field.edit)
    assert screen.canvas.hits == [] and screen.canvas.hasFocus()


def test_the_way_between_two_nodes_and_what_they_have_in_common(person, told):
    screen = shown(person, told["model"])
    screen.canvas.setFocus()
    screen.canvas.select(told["small"])
    person.key(Qt.Key.Key_P, widget=screen.canvas)
    screen.canvas.select(told["report"])
    person.key(Qt.Key.Key_P, widget=screen.canvas)
    person.until(lambda: "The way between the two" in texts(screen.side))
    assert screen.canvas._way == [told["small"], told["model"], "run:run-0402", told["report"]]
    assert "Both were made from fraud-detector v1" in texts(screen.side)
    person.picture("lineage-way")
    person.key(Qt.Key.Key_P, widget=screen.canvas)
    assert screen.canvas._way == []
    assert screen.shown.way(told["data"], told["report"])[0] == told["data"]


def test_a_step_more_from_a_card(person, told):
    screen = shown(person, told["base"])
    screen.toolbar.choose_steps("1")
    screen.toolbar.asked.emit()
    person.until(lambda: set(screen.shown.nodes) == {told["base"], told["model"]})
    assert screen.shown.nodes[told["model"]].hidden_up == 1
    middle = screen.canvas.middle_of(told["model"])
    handle = screen.canvas.view.to_screen(middle - QPointF(101, 0)).toPoint()
    QTest.mouseClick(screen.canvas, Qt.MouseButton.LeftButton, pos=handle)
    person.until(lambda: "run:run-0371" in screen.shown.nodes)
    screen.canvas.select(told["model"])
    before = len(screen.shown.nodes)
    person.key(Qt.Key.Key_Right, widget=screen.canvas)
    person.until(lambda: len(screen.shown.nodes) > before)


def test_kinds_and_bases_are_hidden(person, told):
    screen = shown(person, told["model"])
    person.click(screen.toolbar._kinds["run"])
    person.until(lambda: not any(n.kind == "run" for n in screen.shown.nodes.values()))
    assert told["data"] not in screen.shown.nodes and told["base"] in screen.shown.nodes
    person.click(screen.toolbar._kinds["run"])
    person.click(screen.legend._buttons["inferred"])
    person.until(lambda: "run:run-0371" in screen.shown.nodes)
    assert told["base"] not in screen.shown.nodes


def test_the_list_has_the_same_content(person, told):
    screen = shown(person, told["model"])
    person.key(Qt.Key.Key_T, widget=screen.canvas)
    outline = screen.outline
    assert outline.isVisible() and outline.topLevelItemCount() == len(screen.shown.nodes)
    edges = sum(outline.topLevelItem(n).childCount() for n in range(outline.topLevelItemCount()))
    assert edges == len(screen.shown.edges)
    words = " ".join(
        outline.topLevelItem(n).child(m).text(4)
        for n in range(outline.topLevelItemCount())
        for m in range(outline.topLevelItem(n).childCount())
    )
    assert "inferred by shared tensors" in words and "declared" in words
    person.picture("lineage-list")
    person.key(Qt.Key.Key_T, widget=outline)
    assert screen.canvas.isVisible()


def test_a_link_is_declared_in_the_window(person, told):
    screen = shown(person, told["holdout"])
    person.click(person.button("Link", screen.side))
    sheet = person.window.overlay.sheet
    person.type(sheet._source, "feature-spec")
    person.until(lambda: sheet._offers.count() == 1)
    person.picture("lineage-link")
    sheet._offers.setCurrentRow(0)
    person.key(Qt.Key.Key_Return, widget=sheet._offers)
    person.click(sheet._declare)
    person.until(lambda: (told["spec"], told["holdout"]) in links(screen))
    person.click(person.button("Link", screen.side))
    sheet = person.window.overlay.sheet
    person.type(sheet._source, told["model"])
    person.key(Qt.Key.Key_Return, widget=sheet._source)
    person.until(
        lambda: "Was itself made from it" in sheet._wrong.text() or "itself" in texts(sheet)
    )
    person.key(Qt.Key.Key_Escape, widget=sheet)


@pytest.mark.parametrize("form", ["svg", "png", "dot", "mermaid", "prov", "openlineage"])
def test_the_graph_is_exported(person, told, tmp_path, monkeypatch, form):
    place = tmp_path / f"graph.{form}"
    screen = shown(person, told["model"])
    screen._choose_file = lambda title, name: str(place)
    screen.export(form)
    person.until(lambda: place.exists() and place.stat().st_size > 0)
    data = place.read_bytes()
    if form == "png":
        assert data.startswith(b"\x89PNG")
    elif form == "prov":
        assert len(json.loads(data)["entity"]) == len(told)
    else:
        assert b"fraud-detector" in data
    if form == "svg":
        import xml.etree.ElementTree as tree

        found = tree.fromstring(data)
        assert sum(e.tag.endswith("polygon") for e in found) == len(screen.shown.edges)


def test_what_happens_elsewhere_comes_into_the_graph(person, told, reopen_at):
    screen = shown(person, told["small"])
    with closing(reopen_at(person.place)) as other:
        other.link(told["small"], told["spec"], reason="by hand")
    person.until(lambda: (told["spec"], told["small"]) in links(screen))


def test_what_a_person_arranged_stays_when_something_else_happens(person, told, reopen_at):
    screen = shown(person, told["base"])
    screen.toolbar.choose_steps("1")
    screen.toolbar.asked.emit()
    person.until(lambda: set(screen.shown.nodes) == {told["base"], told["model"]})
    screen.expand(told["model"], True)
    person.until(lambda: "run:run-0371" in screen.shown.nodes)
    screen.canvas.select(told["model"])
    person.qtbot.wait(200)  # the glide
    screen.canvas.view.move_by(QPointF(4000, 300))  # the selected card is out of sight
    at = screen.canvas.view.to_screen(screen.canvas.middle_of(told["base"]))
    before = screen._shown
    with closing(reopen_at(person.place)) as other:
        other.link(told["base"], told["spec"], reason="by hand")
    person.until(lambda: screen._shown is not before and told["spec"] in screen.shown.nodes)
    assert "run:run-0371" in screen.shown.nodes
    person.qtbot.wait(200)
    anchored = screen.canvas.view.to_screen(screen.canvas.middle_of(told["model"]))
    assert anchored.x() > screen.canvas.width() and abs(anchored.y() - at.y()) < 600
    assert screen.canvas.selected == told["model"]


def test_a_card_held_by_the_mouse_stays_under_it_when_the_graph_grows(person, told, reopen_at):
    screen = shown(person, told["small"])
    canvas, root = screen.canvas, told["small"]
    start = canvas.view.to_screen(canvas.middle_of(root)).toPoint()
    QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(canvas, start - QPoint(60, 40))
    before = screen._shown
    with closing(reopen_at(person.place)) as other:
        other.link(told["small"], told["spec"], reason="by hand")
    person.until(lambda: screen._shown is not before)
    QTest.mouseMove(canvas, start - QPoint(80, 50))
    held = canvas.view.to_screen(canvas.middle_of(root)).toPoint()
    assert (held - (start - QPoint(80, 50))).manhattanLength() <= 3
    QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start - QPoint(80, 50))


def test_what_is_hidden_while_another_graph_is_on_its_way_does_not_bring_back_the_old(person, told):
    screen = shown(person, told["model"])
    person.window.show_lineage(told["data"])
    screen.legend._buttons["inferred"].click()
    person.until(lambda: screen.shown.root == told["data"])
    screen.expand(told["data"], False)
    person.window.show_lineage(told["small"])
    person.until(lambda: screen.shown.root == told["small"])
    person.qtbot.wait(300)
    assert screen.shown.root == told["small"]


def test_impact_marks_what_comes_into_the_graph_for_it_and_escape_takes_it_away(person, told):
    screen = shown(person, told["data"])
    screen.toolbar.choose_steps("1")
    screen.toolbar.asked.emit()
    person.until(lambda: told["small"] not in screen.shown.nodes)
    person.click(person.button("Show all", screen.side))
    person.until(lambda: told["small"] in screen.shown.nodes)
    assert {told["model"], told["small"], told["report"]} <= screen.canvas.affected
    assert told["spec"] not in screen.canvas.affected
    person.key(Qt.Key.Key_Escape, widget=screen.canvas)
    assert not screen.canvas.affected and screen.canvas.selected == told["data"]


def test_the_list_keeps_its_place_when_something_happens(person, told, reopen_at):
    screen = shown(person, told["model"])
    person.key(Qt.Key.Key_T, widget=screen.canvas)
    outline = screen.outline
    outline.select(told["small"])
    assert screen.canvas.selected == told["small"]
    outline._rows[told["model"]].setExpanded(False)
    before = screen._shown
    with closing(reopen_at(person.place)) as other:
        other.link(told["small"], told["spec"], reason="by hand")
    person.until(lambda: screen._shown is not before)
    assert outline.currentItem() is outline._rows[told["small"]] and outline.hasFocus()
    assert not outline._rows[told["model"]].isExpanded()
    person.type(screen.field.edit, "holdout")
    person.key(Qt.Key.Key_Return, widget=screen.field.edit)
    assert outline.currentItem() is outline._rows[told["holdout"]]


def test_of_many_inferred_edges_some_are_offered_and_the_rest_is_counted(person, told):
    screen = shown(person, told["model"])
    about = {"content_digest": "sha256:" + "ab" * 32, "damaged": False, "metric": None, "size": 1}
    nodes = {f"n{n}@v1": node(f"n{n}@v1", **about) for n in range(40)}
    edges = tuple(
        Edge("n0@v1", f"n{n}@v1", "derived", "inferred", "a rule", 0.5, "why",
             "confirmed" if n < 30 else "")
        for n in range(1, 40)
    )  # fmt: skip
    screen.side.show_node(Graph("n0@v1", nodes, edges), "n0@v1", ())
    person.until(lambda: "33 more inferred edges" in texts(screen.side))
    assert (
        texts(screen.side).count("Inferred: is it right?") == 6
    )  # what nobody decided on comes first


def test_all_bases_hidden_is_the_root_alone(person, told):
    screen = shown(person, told["model"])
    for button in screen.legend._buttons.values():
        button.click()
    person.until(lambda: set(screen.shown.nodes) == {told["model"]})


def test_the_panel_over_a_small_window_comes_with_one_press_and_hides_no_card(person, told):
    person.window.resize(1024, 640)
    screen = shown(person, told["model"])
    assert not screen.side.isVisible() and screen.canvas.view.covered == 0
    person.key(Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier, person.window)
    assert screen.side.isVisible() and screen.side.parent() is screen
    person.qtbot.wait(200)
    free = screen.canvas.width() - screen.side.width()
    assert all(
        screen.canvas.view.to_screen(screen.canvas.middle_of(name)).x() < free
        for name in screen.shown.nodes
    )
    person.picture("lineage-small-panel")


def test_the_first_version_of_an_empty_registry_comes_into_the_graph(person, tmp_path, reopen_at):
    person.open()
    person.window.go_to("Lineage")
    screen = person.window.lineage_screen
    person.until(lambda: screen._pages.currentWidget() is screen._nothing)
    first = tmp_path / "first.txt"
    first.write_text("the first")
    with closing(reopen_at(person.place)) as other:
        lineage_story.add(other, first, "first")
    person.until(lambda: screen.shown is not None and screen.shown.root == "first@v1")


@pytest.fixture
def reopen_at():
    from strongroom.bootstrap import open_registry

    return lambda place: open_registry(place, Settings(), "cli")


def test_without_anything_the_page_says_what_it_is_for(person):
    person.open()
    person.window.go_to("Lineage")
    person.until(lambda: "No lineage yet" in texts(person.window.lineage_screen))
    person.picture("lineage-empty")


def test_a_version_alone_says_how_to_link_it(person, told, tmp_path):
    screen = shown(person, told["model"])
    lone = tmp_path / "lone.txt"
    lone.write_text("nothing came of it")
    person.window.go_to("Library")
    person.add(lone)
    shown(person, "lone.txt@v1")
    assert "No links recorded" in texts(screen.canvas)
    person.picture("lineage-alone")


# ---------------------------------------------------------------------- the graph by itself


def node(name, kind="dataset", distance=-1, **document):
    return Node(name, "version", kind, name.partition("@")[0], "v1", distance, document)


def fan(count):
    nodes = {f"d{n}@v1": node(f"d{n}@v1") for n in range(count)} | {
        "m@v1": node("m@v1", "model", 0)
    }
    edges = tuple(Edge(f"d{n}@v1", "m@v1", "input", "declared") for n in range(count))
    return Graph("m@v1", nodes, edges)


def test_alike_nodes_are_one_group_and_open_again():
    graph = collapsed(fan(12))
    (group,) = (n for n in graph.nodes.values() if n.type == "group")
    assert len(group.members) == 12 and len(graph.edges) == 1
    assert len(collapsed(fan(12), {group.id}).nodes) == 13
    assert len(collapsed(fan(3)).nodes) == 4


def test_checkpoints_of_one_run_are_one_group():
    names = [f"ckpt@v{n}" for n in range(1, 39)]
    nodes = {n: Node(n, "version", "model", "ckpt", n[5:], -1, {"run": "r"}) for n in names}
    nodes["run:r"] = Node("run:r", "run", "run", "train", "", -2, {})
    nodes["m@v1"] = node("m@v1", "model", 0)
    edges = [Edge("run:r", n, "output", "observed") for n in names]
    edges += [Edge(a, b, "continues", "inferred") for a, b in pairwise(names)]
    edges.append(Edge(names[-1], "m@v1", "derived", "inferred"))
    graph = collapsed(Graph("m@v1", nodes, tuple(edges)))
    (group,) = (n for n in graph.nodes.values() if n.type == "group")
    assert len(group.members) == 38 and group.name == "ckpt"
    assert {(e.start, e.end) for e in graph.edges} == {("run:r", group.id), (group.id, "m@v1")}


def test_what_is_no_longer_connected_is_left_out():
    graph = fan(3)
    assert set(filtered(graph, {"model"}, {"declared"}).nodes) == {"m@v1"}
    assert set(filtered(graph, {"model", "dataset"}, {"inferred"}).nodes) == {"m@v1"}


def test_two_thousand_nodes_are_moved_through_fluidly(person, told, tmp_path):
    """The painted frame is what a person waits for; how long it takes is the bench's row."""
    screen = shown(person, told["model"])
    names = [f"n{n}@v1" for n in range(2000)]
    nodes = {
        n: node(n, ("dataset", "model", "config")[i % 3], i // 50) for i, n in enumerate(names)
    }
    edges = tuple(
        Edge(names[i], names[i + 50 + (i * 7) % 13], "input", ("declared", "observed")[i % 2])
        for i in range(1900)
    )
    placed = arrange(names, [(e.start, e.end) for e in edges])
    graph = Graph(names[0], nodes, edges)
    screen.canvas.show_graph(graph, placed, lines(graph, placed))
    person.picture("lineage-2000")
    wanted = 8 * screen.canvas.view.zoom
    screen.canvas.view.zoom_by(8)
    person.until(lambda: abs(screen.canvas.view.zoom - wanted) < 0.001)
    person.picture("lineage-2000-near")
    seen = set(screen.canvas._cards_in(screen.canvas.view.in_sight()))
    assert 0 < len(seen) < 500
    QApplication.processEvents()


def test_menus_of_cards_and_edges(person, told):
    screen = shown(person, told["model"])
    titles = [a.text() for a in screen._menus.node_menu(told["model"]).actions()]
    assert "Centre the graph on it" in titles and "Add to the comparison" in titles
    edge = links(screen)[told["base"], told["model"]]
    menu = {a.text(): a for a in screen._menus.edge_menu(edge).actions()}
    assert {"Confirm", "Refuse"} <= set(menu)
    menu["Confirm"].trigger()
    person.until(lambda: links(screen)[told["base"], told["model"]].decision == "confirmed")
    plain = links(screen)[told["data"], "run:run-0371"]
    assert "Confirm" not in [a.text() for a in screen._menus.edge_menu(plain).actions()]
    middle = screen.canvas.middle_of(told["data"]) + QPointF(120, 0)
    assert screen.canvas.edge_at(screen.canvas.view.to_screen(middle)) is not None
