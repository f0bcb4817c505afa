"""Measures lineage: the closure of ten thousand nodes, the arranging of five hundred cards, and how
long a frame of a canvas with two thousand takes.

Run as a process of its own: `python -m tests.bench.lineage FOLDER`; prints one JSON document. All
times in seconds, the best of some rounds for what runs once, all frames for what is drawn.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

NODES, CARDS, DRAWN = 10_000, 500, 2_000
ROUNDS = 5


def main(folder: Path) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    told = {**closures(folder / "registry"), **layouts(), **frames()}
    print(json.dumps(told))


def best(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def random_graph(count: int, seed: int = 1) -> list[tuple[int, int]]:
    """Each node is made from one shortly before it, every third from a second one."""
    dice = random.Random(seed)
    pairs = {(dice.randrange(max(0, n - 40), n), n) for n in range(1, count)}
    pairs |= {(dice.randrange(max(0, n - 200), n), n) for n in range(3, count, 3)}
    return sorted(pairs)


def closures(place: Path) -> dict[str, Any]:
    from strongroom.bootstrap import create_registry
    from strongroom.catalog import edges
    from strongroom.disk.listing import SourceFile, Stat
    from strongroom.services.ingest import Proposal, add_batch
    from strongroom.services.progress import quiet
    from strongroom.settings import Settings

    with closing(create_registry(place, Settings(), "cli")) as registry:
        source = place.parent / "one.bin"
        source.write_bytes(b"x")
        file = SourceFile(os.fsencode(source), b"one.bin", Stat.of(source.stat()))
        for start in range(0, NODES, 500):
            batch = [Proposal(name=f"node-{n}", files=(file,)) for n in range(start, start + 500)]
            add_batch(registry.desk, batch, quiet())
        engine = registry.desk.engine
        ids = [row[0] for row in engine.rows("select id from versions order by id")]
        with engine.writing() as tx:
            for start, end in random_graph(NODES):
                there = ("version", str(ids[end]))
                edges.write_edge(tx, 1, ("version", str(ids[start])), there, "input", "declared")
        root = ("version", str(ids[0]))
        found = edges.closure(engine, root, up=False)
        assert len(found) == NODES
        return {
            "closure": best(lambda: edges.closure(engine, root, up=False)),
            "answer": best(lambda: registry.lineage("node-0@v1", up=False)),
        }


def layouts() -> dict[str, Any]:
    from strongroom.gui.lineage.layout import arrange

    names = [str(n) for n in range(CARDS)]
    pairs = [(str(a), str(b)) for a, b in random_graph(CARDS)]
    return {"layout": best(lambda: arrange(names, pairs)), "cards": CARDS}


def frames() -> dict[str, Any]:
    """A pan through the canvas at several zooms, painted as fast as it goes."""
    from PySide6.QtCore import QPointF
    from PySide6.QtWidgets import QApplication

    from strongroom.gui.lineage.canvas import Canvas
    from strongroom.gui.lineage.graph import Edge, Graph, Node
    from strongroom.gui.lineage.layout import arrange
    from strongroom.gui.lineage.lines import lines
    from strongroom.gui.resources import resources
    from strongroom.gui.theme import Theme, load_fonts

    app = QApplication([])
    load_fonts(resources())
    names = [f"node-{n}@v1" for n in range(DRAWN)]
    about = {"content_digest": "sha256:" + "ab" * 32, "damaged": False,
             "metric": ["auc", 0.97], "size": 4096}  # fmt: skip
    kinds = ("dataset", "model", "config", "metrics")
    nodes = {
        name: Node(name, "version", kinds[n % 4], name[:-3], "v1", 0, about)
        for n, name in enumerate(names)
    }
    bases = ("declared", "observed", "inferred")
    edges = tuple(
        Edge(names[a], names[b], "input", bases[(a + b) % 3]) for a, b in random_graph(DRAWN)
    )
    graph = Graph(names[0], nodes, edges)
    placed = arrange(names, [(e.start, e.end) for e in edges])
    canvas = Canvas(Theme(app, "light"))
    canvas.resize(1080, 760)
    canvas.show()
    app.processEvents()
    canvas.show_graph(graph, placed, lines(graph, placed))
    canvas.select(names[DRAWN // 2])
    app.processEvents()
    view = canvas.view
    view.stop()
    found = []
    for zoom in (view.zoom, 0.1, 0.32, 0.6, 1.0):
        view.zoom = zoom
        middle = canvas.middle_of(names[DRAWN // 2])
        view.corner = middle - QPointF(canvas.width(), canvas.height()) / 2 / zoom
        for _ in range(40):
            view.corner += QPointF(9, 5) / zoom
            began = time.perf_counter()
            canvas.repaint()
            found.append(time.perf_counter() - began)
    return {"frames": sorted(found), "drawn": DRAWN}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
