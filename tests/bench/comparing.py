"""Measures the Compare screen from inside: five runs of twenty curves of 100,000 points each, from
the moment that they are chosen to the first painted curves, and panning over them after that.

Run as a process of its own: `python -m tests.bench.comparing FOLDER`; prints one JSON document.
All times in seconds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from array import array
from contextlib import closing
from pathlib import Path
from typing import Any

RUNS, CURVES, POINTS = 5, 20, 100_000
BEAT_MS = 4
PANS = 120


def fill(place: Path) -> None:
    import numpy as np

    from strongroom.bootstrap import create_registry
    from strongroom.domain.series import Series
    from strongroom.domain.timestamps import now
    from strongroom.services.runs import RunWriter, empty_document
    from strongroom.settings import Settings

    random = np.random.default_rng(0)
    steps = np.arange(POINTS, dtype="f8")
    with closing(create_registry(place, Settings(), "cli")) as registry:
        for number in range(RUNS):
            curves = {}
            for at in range(CURVES):
                values = np.exp(-steps / (9000 + 900 * at)) + random.normal(0, 0.05, POINTS)
                columns = (steps, 1.7e9 + steps / 10, values)
                curves[f"metric_{at:02}"] = Series(*(array("d", c.tobytes()) for c in columns))
            document = {
                **empty_document(f"run {number}", "", now()), "status": "finished",
                "ended_at": now(),
            }  # fmt: skip
            writer = RunWriter(registry.desk)
            draft = writer.keep(f"run-{number}", document, curves)
            with registry.desk.recording(writer.documents) as recorder:
                recorder.write(draft)


def main(folder: Path) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    place = folder / "registry"
    fill(place)
    from PySide6.QtCore import QSettings, QTimer
    from PySide6.QtWidgets import QApplication

    from strongroom.gui.resources import resources
    from strongroom.gui.session import Session
    from strongroom.gui.theme import Theme, load_fonts
    from strongroom.settings import Settings

    app = QApplication([])
    load_fonts(resources())
    memory = QSettings(str(folder / "window.ini"), QSettings.Format.IniFormat)
    session = Session(Theme(app, "light"), memory, Settings(), "bench", str(folder))
    window = session.make(str(place))
    window.leaving.forced = True
    told: dict[str, Any] = {}
    stalls: list[float] = []
    last = [time.perf_counter()]

    def beat() -> None:
        now = time.perf_counter()
        stalls.append(now - last[0] - BEAT_MS / 1000)
        last[0] = now

    heart = QTimer(interval=BEAT_MS)
    heart.timeout.connect(beat)

    def wait(holds: Any, seconds: float = 60.0) -> None:
        until = time.perf_counter() + seconds
        while not holds():
            if time.perf_counter() > until:
                raise TimeoutError
            app.processEvents()

    started: list[bool] = []
    window.started.connect(lambda: started.append(True))
    window.show()
    assert session.bridge is not None
    session.bridge.start()
    wait(lambda: bool(started))
    rest = time.perf_counter()
    wait(lambda: time.perf_counter() > rest + 1.0)
    screen = window.compare_screen
    curves = screen.page.curves
    stalls.clear()
    last[0] = time.perf_counter()
    heart.start()
    began = time.perf_counter()
    screen.compare([f"run:run-{n}" for n in range(RUNS)])
    window.go_to("Compare")
    wait(lambda: curves.plot.plot is not None and not curves.plot.stale and curves.group)
    plot = curves.plot.plot
    plot.viewport().repaint()
    told["first_paint"] = time.perf_counter() - began
    wait(lambda: not screen.page.is_waiting)
    told["all_sections"] = time.perf_counter() - began
    began = time.perf_counter()
    curves.chooser.setCurrentIndex(7)
    wait(lambda: curves.group is not None and curves.group.title == "metric_07")
    wait(lambda: not curves.plot.stale)
    plot.viewport().repaint()
    told["other_curve"] = time.perf_counter() - began
    frames = []
    for number in range(PANS):
        frame = time.perf_counter()
        left = number * 500.0
        plot._box.setXRange(left, left + 30_000, padding=0)
        plot.draw()
        plot.viewport().repaint()
        frames.append(time.perf_counter() - frame)
        app.processEvents()
    heart.stop()
    told["frames"] = sorted(frames)
    told["stalls"] = sorted(stalls)[-5:]
    window.close()
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
