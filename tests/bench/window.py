"""Measures a real window from inside: first rows, answers to keys, stalls while it adds.

Run as a process of its own: `python -m tests.bench.window REGISTRY BIG_FILE`; prints one JSON
document. All times in seconds.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

STARTED = float(os.environ.get("BENCH_STARTED", time.time()))
BEAT_MS = 4
WORD = "artifact-123"


def main(place: Path, big: Path) -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QSettings, QTimer
    from PySide6.QtWidgets import QApplication

    from strongroom.gui.bridge import Bridge
    from strongroom.gui.resources import resources
    from strongroom.gui.session import opening, rebuilding
    from strongroom.gui.theme import Theme, load_fonts
    from strongroom.gui.window import Window
    from strongroom.settings import Settings

    app = QApplication([])
    load_fonts(resources())
    theme = Theme(app, "light")
    bridge = Bridge(opening(place, Settings()), rebuilding(place))
    memory = QSettings(str(place.parent / "window.ini"), QSettings.Format.IniFormat)
    window = Window(bridge, theme, memory, str(place), "bench", str(place.parent))
    window.show()
    seen: dict[str, float] = {}
    answers: list[float] = []
    stalls: list[float] = []
    asked = [0.0]
    last = [time.perf_counter()]

    def beat() -> None:
        now = time.perf_counter()
        stalls.append(now - last[0] - BEAT_MS / 1000)
        last[0] = now

    def loaded() -> None:
        if "first" not in seen:
            window.grab()  # the rows are painted, not only there
            seen["first"] = time.time() - STARTED
            QTimer.singleShot(800, type_next)
        elif asked[0]:
            answers.append(time.perf_counter() - asked[0])
            QTimer.singleShot(150, type_next)  # a quick typist

    def type_next() -> None:
        count = len(answers) + 1
        if count > len(WORD):
            window.page.filter("")
            asked[0] = 0.0
            QTimer.singleShot(300, add)
            return
        asked[0] = time.perf_counter()
        window.page.filter(WORD[:count])

    def add() -> None:
        stalls.clear()
        last[0] = time.perf_counter()
        heart.start()
        seen["adding"] = time.perf_counter()
        bridge.enqueue("add", {"paths": [os.fsencode(big).hex()], "title": big.name})

    def happened(event: object) -> None:
        if event.name == "job.changed" and event.data["state"] in ("done", "failed"):  # type: ignore
            seen["added"] = time.perf_counter() - seen.pop("adding")
            seen["state"] = event.data["state"]  # type: ignore
            QTimer.singleShot(300, end)

    def end() -> None:
        heart.stop()  # closing waits for the worker, with the window hidden
        window.close()

    heart = QTimer(window, interval=BEAT_MS)
    heart.timeout.connect(beat)
    window.page.model.loaded.connect(loaded)
    bridge.happened.connect(happened)
    app.setQuitOnLastWindowClosed(True)
    bridge.start()
    app.exec()
    stalls.sort()
    print(
        json.dumps(
            {
                "first_rows": seen["first"],
                "keys": answers,
                "stall": stalls[-1],
                "stalls": stalls[-5:],
                "beats": len(stalls),
                "added": seen["added"],
                "state": seen["state"],
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
