"""Measures a real window from inside: first rows, keys of a filter, sorting, scrolling, versions
that come in, and stalls meanwhile and while it adds.

Run as a process of its own: `python -m tests.bench.window REGISTRY BIG_FILE`; prints one JSON
document. All times in seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

STARTED = float(os.environ.get("BENCH_STARTED", time.time()))
BEAT_MS = 4
WORD = "artifact-123"
SORTED_BY = ("Name", "Size", "Key metric", "Created")
LIVE_RATE, LIVE_SECONDS = 200, 10
SCROLL_STEPS = 300

Waiting = Callable[[], bool]


def live_writer(place: Path) -> None:
    """Another process: `LIVE_RATE` versions a second, in twenty commits each."""
    from contextlib import closing

    from strongroom.bootstrap import open_registry
    from strongroom.disk.listing import SourceFile, Stat
    from strongroom.services.ingest import Proposal, add_batch
    from strongroom.services.progress import quiet
    from strongroom.settings import Settings

    source = place.parent / "live.bin"
    source.write_bytes(b"y" * 100)
    file = SourceFile(os.fsencode(source), b"live.bin", Stat.of(source.stat()))
    with closing(open_registry(place, Settings(), "cli")) as registry:
        began, step = time.monotonic(), LIVE_RATE // 20
        for number in range(LIVE_SECONDS * 20):
            batch = [
                Proposal(name=f"live-{number}-{n}", files=(file,), metrics={"auc": n / step})
                for n in range(step)
            ]
            add_batch(registry.desk, batch, quiet())
            time.sleep(max(0.0, began + (number + 1) / 20 - time.monotonic()))
        print(time.monotonic() - began)


def main(place: Path, big: Path) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QSettings, Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from strongroom.gui.library.columns import COLUMNS
    from strongroom.gui.resources import resources
    from strongroom.gui.session import Session
    from strongroom.gui.theme import Theme, load_fonts
    from strongroom.settings import Settings

    app = QApplication([])
    load_fonts(resources())
    memory = QSettings(str(place.parent / "window.ini"), QSettings.Format.IniFormat)
    session = Session(Theme(app, "light"), memory, Settings(), "bench", str(place.parent))
    window = session.make(str(place))
    window.leaving.forced = True
    bridge, page = session.bridge, window.page
    assert bridge is not None
    table, bar = page.table, page.table.verticalScrollBar()
    told: dict[str, Any] = {"keys": [], "sorts": {}, "scrolls": [], "late": []}
    loads = [0]
    stalls: list[float] = []
    last = [time.perf_counter()]

    def beat() -> None:
        now = time.perf_counter()
        stalls.append(now - last[0] - BEAT_MS / 1000)
        last[0] = now

    def begin_watching() -> None:
        stalls.clear()
        last[0] = time.perf_counter()
        heart.start()

    def worst() -> list[float]:
        heart.stop()
        return sorted(stalls)[-5:]

    def pause(seconds: float) -> Waiting:
        until = time.perf_counter() + seconds
        return lambda: time.perf_counter() >= until

    def another_load() -> Waiting:
        seen = loads[0]
        return lambda: loads[0] > seen

    def steps() -> Generator[Waiting, None, None]:
        yield another_load()
        window.grab()  # the rows are painted, not only there
        told["first_rows"] = time.time() - STARTED
        yield pause(1.5)
        for count in range(1, len(WORD) + 1):
            began, wait = time.perf_counter(), another_load()
            page.filter(WORD[:count])
            yield wait
            told["keys"].append(time.perf_counter() - began)
            yield pause(0.15)  # a quick typist
        page.filter("")
        yield pause(1.0)
        for title in SORTED_BY:
            at = next(i for i, c in enumerate(COLUMNS) if c.title == title)
            began, wait = time.perf_counter(), another_load()
            order = table.horizontalHeader().sortIndicatorOrder()
            other = (
                Qt.SortOrder.AscendingOrder
                if order == Qt.SortOrder.DescendingOrder
                else Qt.SortOrder.DescendingOrder
            )
            table.sortByColumn(at, other)
            yield wait
            window.grab()
            told["sorts"][title] = time.perf_counter() - began
            yield pause(0.6)
        page.model.show(type(page.model.question)())
        yield pause(1.0)
        begin_watching()
        for number in range(SCROLL_STEPS):  # a wheel that turns, with leaps to elsewhere
            leap = bar.maximum() * number // SCROLL_STEPS if number % 25 == 0 else bar.value() + 102
            bar.setValue(leap)
            yield pause(0.016)
        told["scroll_stalls"] = worst()
        bar.setValue(0)
        yield pause(0.5)
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.window", "--live", str(place)],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        begin_watching()
        before = page.model.counts.everything
        yield lambda: writer.poll() is not None
        out = writer.communicate()[0]
        ended = time.perf_counter()
        total = before + LIVE_RATE * LIVE_SECONDS
        yield lambda: page.model.counts.everything >= total or time.perf_counter() > ended + 20
        told["live_seconds"] = float(out)
        told["live_behind"] = time.perf_counter() - ended
        told["live_shown"] = page.model.counts.everything - before
        told["live_stalls"] = worst()
        yield pause(0.5)
        begin_watching()
        state: list[str] = []
        bridge.happened.connect(
            lambda e: state.append(e.data["state"]) if e.name == "job.changed" else None
        )
        began = time.perf_counter()
        bridge.enqueue("add", {"paths": [os.fsencode(big).hex()], "title": big.name})
        yield lambda: bool(state) and state[-1] in ("done", "failed")
        told["added"], told["state"] = time.perf_counter() - began, state[-1]
        told["add_stalls"] = worst()
        yield pause(0.3)

    running = steps()
    waiting: list[Waiting] = [lambda: True]

    def go_on() -> None:
        if not waiting[0]():
            return
        try:
            waiting[0] = next(running)
        except StopIteration:
            ticker.stop()
            window.close()
            app.quit()

    def loaded() -> None:
        loads[0] += 1
        go_on()

    heart = QTimer(interval=BEAT_MS)
    heart.timeout.connect(beat)
    ticker = QTimer(interval=2)
    ticker.timeout.connect(go_on)
    page.model.loaded.connect(loaded)
    go_on()
    window.show()
    bridge.start()
    ticker.start()
    app.exec()
    print(json.dumps(told))


if __name__ == "__main__":
    if sys.argv[1] == "--live":
        live_writer(Path(sys.argv[2]))
    else:
        main(Path(sys.argv[1]), Path(sys.argv[2]))
