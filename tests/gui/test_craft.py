"""Nothing is left behind, nothing stalls unnamed, and nothing is said on stderr."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import time
from contextlib import closing
from typing import ClassVar

from PySide6.QtCore import QObject, QTimer

from strongroom.bootstrap import create_registry
from strongroom.gui.stall_watch import LIMIT, StallWatch
from strongroom.gui.tidy import Tidy
from strongroom.services.add import AddOptions
from strongroom.settings import Settings


def stock(person, tmp_path, count: int = 3) -> None:
    with closing(create_registry(person.place, Settings(), "cli")) as registry:
        for number in range(count):
            path = tmp_path / f"m{number}.json"
            path.write_text(f'{{"auc": 0.{number + 1}}}')
            registry.add([os.fsencode(path)], AddOptions())


def test_no_thread_and_no_timer_outlives_the_window(person, tmp_path):
    stock(person, tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    before = set(threading.enumerate())
    window = person.open()
    person.bridge.ask(lambda r: r.add_watch(os.fsencode(out), {}))
    for screen in window.screens:
        window.go_to(screen.title)
        person.qtbot.wait(50)
    person.click_row(0)
    person.until(lambda: window.detail.shown is not None)
    assert len(set(threading.enumerate()) - before) >= 3  # readers, worker, the folder's events
    window.leaving.forced = True
    window.close()
    person.until(lambda: set(threading.enumerate()) <= before)
    assert [t for t in window.findChildren(QTimer) if t.isActive()] == []


def hold_up() -> None:
    time.sleep(4 * LIMIT)


def test_what_holds_the_windows_thread_is_named(qtbot, qapp):
    watch = StallWatch(qapp)
    qtbot.wait(100)
    QTimer.singleShot(0, hold_up)
    qtbot.waitUntil(lambda: any("hold_up" in stack for _, stack in watch.stalls), timeout=5000)
    seconds = max(s for s, stack in watch.stalls if "hold_up" in stack)
    assert 3 * LIMIT < seconds < 20 * LIMIT
    watch.stop()
    assert not watch._thread.is_alive()


def test_the_program_itself_says_nothing_on_stderr(tmp_path):
    """From start to quit, on a registry of its own, with every screen looked at."""
    script = (
        "import sys\n"
        "from PySide6.QtCore import QTimer\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from strongroom.gui import session\n"
        "from strongroom.gui.main import run\n"
        "made = session.Session.make\n"
        "def make(self, *place):\n"
        "    window = made(self, *place)\n"
        "    titles = [s.title for s in window.screens]\n"
        "    for at, title in enumerate(titles):\n"
        "        QTimer.singleShot(600 + 250 * at, lambda t=title: window.go_to(t))\n"
        "    QTimer.singleShot(900 + 250 * len(titles), window.close)\n"
        "    return window\n"
        "session.Session.make = make\n"
        "sys.exit(run(['--registry', sys.argv[1]]))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "registry")],
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")


class Knot(QObject):
    """Holds itself, so that only a collection can free it; notes on which thread that was."""

    freed: ClassVar[list[str]] = []

    def __init__(self) -> None:
        super().__init__()
        self.me = self

    def __del__(self) -> None:
        self.freed.append(threading.current_thread().name)


def test_garbage_is_collected_on_the_windows_thread_alone(qtbot):
    Knot.freed.clear()
    tidy = Tidy()
    try:
        Knot()

        def make_much() -> None:
            for _ in range(200_000):
                one: list[object] = []
                one.append(one)

        thread = threading.Thread(target=make_much, name="reader")
        thread.start()
        thread.join()
        assert Knot.freed == []
        qtbot.waitUntil(lambda: bool(Knot.freed), timeout=5000)
        assert Knot.freed == ["MainThread"]
    finally:
        tidy.stop()
    assert gc.isenabled()


def test_a_question_ends_on_the_windows_thread(person):
    """Also where nothing but the question and who hears the answer holds it any more."""

    class Held:
        freed: ClassVar[list[str]] = []

        def __del__(self) -> None:
            self.freed.append(threading.current_thread().name)

    p = person
    p.open()

    def ask() -> None:
        one, other = Held(), Held()
        p.bridge.ask(lambda registry: id(one), lambda answer, other=other: None)
        p.bridge.ask(lambda registry: id(one)).cancel()

    for _ in range(60):
        ask()
    p.until(lambda: len(Held.freed) == 120)
    assert set(Held.freed) == {"MainThread"}
