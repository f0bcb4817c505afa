"""One window used for a long time, in a process of its own.

    python -m tests.gui.soak REGISTRY [--rounds N] [--minutes M] [--switches K]

A round opens and closes every screen, sheet, popup and menu; a minute is one of an engineer's hour
in about three real seconds; a switch opens another registry in the window's place. One JSON
document comes out: samples of memory and of all that could pile up, what Qt said, and what is left
after the window has closed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QMimeData, QPoint, QPointF, QSettings, Qt, QTimer, QUrl
from PySide6.QtGui import QColor, QDragEnterEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from strongroom.bootstrap import create_registry
from strongroom.gui import desktop, dialogs
from strongroom.gui.leaving import LeavingSheet
from strongroom.gui.memory import give_back_memory
from strongroom.gui.overlay import Sheet
from strongroom.gui.resources import resources
from strongroom.gui.session import Session
from strongroom.gui.theme import Theme, load_fonts
from strongroom.gui.watching.left_out_sheet import LeftOutSheet
from strongroom.gui.window import Window
from strongroom.services.add import AddOptions
from strongroom.settings import Settings
from tests.gui.soak_counts import Said, counted
from tests.gui.soak_hour import Hour

QUICK = Settings({"watch.quiet_time": 0.2, "watch.idle_end": 2.0})
_SAMPLES = 10
SMALL, LARGE = (1280, 640), (1440, 900)


class Soak:
    """The window, and what is done with it again and again."""

    def __init__(self, place: Path, work: Path) -> None:
        self.place, self.work = place, work
        self.samples: list[dict[str, Any]] = []
        self.late: list[str] = []
        #: Pages and dialogs that were opened and closed again.
        self.opened = 0
        self.app = QApplication.instance() or QApplication(["soak"])
        load_fonts(resources())
        self.theme = Theme(self.app, "light")
        memory = QSettings(str(work / "window.ini"), QSettings.Format.IniFormat)
        self.session = Session(self.theme, memory, QUICK, "ana", str(work / "logs"))
        self.out = work / "out"
        self.out.mkdir()
        self._dropped = work / "dropped"
        self._dropped.mkdir()
        for number in range(3):
            (self._dropped / f"d{number}.csv").write_text(f"a,b\n{number},1\n")
        dialogs.choose_folder = lambda *_: str(self._dropped)  # type: ignore[assignment]
        dialogs.choose_files = lambda *_: [str(self._dropped / "d0.csv")]  # type: ignore[assignment]
        desktop.open_folder = lambda *_: None  # type: ignore[assignment]

    @property
    def window(self) -> Window:
        assert self.session.window is not None
        return self.session.window

    @property
    def bridge(self) -> Any:
        return self.session.bridge

    # ------------------------------------------------------------------ beginning and end

    def open(self, place: Path) -> None:
        self.session.open(str(place), create=True)
        window = self.window
        window.overlay.changed.connect(self._count_sheet)
        self.until(lambda: not window.page.model.is_loading, "the list")

    def watch(self) -> None:
        """Two folders, one of them with files that are left out."""
        odd = self.work / "odd"
        odd.mkdir()
        os.mkfifo(odd / "pipe")
        for folder in (self.out, odd):
            self.bridge.ask(lambda r, f=folder: r.add_watch(os.fsencode(f), {}))
        self.until(lambda: len(self.window.watches.shown) == 2, "both watched folders")

    def close(self) -> None:
        window = self.window
        window.leaving.forced = True
        window.close()
        self.session.wait()

    def sample(self, at: str) -> None:
        """What is on its way arrives first."""
        self.pass_time(0.5)
        self.samples.append(counted(at, self.window, self.theme))

    # ------------------------------------------------------------------ time

    def pass_time(self, seconds: float) -> None:
        QTest.qWait(round(seconds * 1000))

    def until(self, holds: Callable[[], Any], what: str, seconds: float = 20.0) -> None:
        """What never comes is told in the document; the soak goes on."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                self.late.append(what)
                return
            QTest.qWait(2)

    # ------------------------------------------------------------------ one after the other

    def _count_sheet(self, is_open: bool) -> None:
        self.opened += is_open

    def round(self, number: int) -> None:
        """Opens and closes everything that can be opened."""
        window = self.window
        for screen in window.screens:
            window.go_to(screen.title)
            self.opened += 1
            self.pass_time(0.01)
        window.go_to("Settings")
        for section in range(6):
            window.settings_screen.show_section(section)
        self.pass_time(0.01)
        window.go_to("Library")
        self.select_rows(2)
        for tab in range(len(window.detail.tabs)):
            window.detail.choose_tab(tab)
        thorough = number % 5 == 0  # else what was asked is not waited for: it is given up
        self.look_at_files(8 if number % 20 == 0 else 1, begin=number)
        self.add_sheet(thorough)
        self.watch_sheet(thorough)
        self.sheet(window.menus.save_filter)
        self.palette(thorough)
        self.sheet(window.show_keys)
        self.sheet(window.show_help)
        left = {f"file {n}": "a pipe is no file" for n in range(5)}
        watch = window.watches.shown[0]
        self.sheet(lambda: window.overlay.open(LeftOutSheet(self.theme, watch, left)))
        self.sheet(
            lambda: window.overlay.open(
                LeavingSheet(self.theme, "1 job", True, lambda _: None, lambda _: None)
            )
        )
        self.evidence(thorough)
        self.jobs_popup()
        self.problems_popup()
        self.row_menu()
        self.menus()
        self.type_filter("kind:model ")
        self.clear_filter()
        if number % 10 == 5:
            self.theme.choose("light" if self.theme.dark else "dark")

    def evidence(self, wait: bool) -> None:
        """Graphs, comparisons and runs side by side."""
        window, model = self.window, self.window.page.model
        first = [v for v in map(model.version_at, range(4)) if v is not None]
        rows = [f"{v['name']}@{v['tag']}" for v in first[:2]]
        lineage = window.lineage_screen
        for reference in rows[:2]:
            window.show_lineage(reference)
            self.opened += 1
            if wait:
                self.until(lambda ref=reference: lineage.canvas.graph.root == ref, "the graph")
            lineage.toggle_outline()
            lineage.toggle_outline()
        self.sheet(lambda: lineage.declare(rows[0]))
        window.compare_screen.compare(rows[:2])
        window.go_to("Compare")
        self.opened += 1
        if wait:
            cards = window.compare_screen.page.cards.values()
            self.until(lambda: all(c.document is not None or c.has_failed for c in cards), "cards")
        self.sheet(window.compare_screen.pick)
        window.compare_screen.clear()
        window.go_to("Runs")
        for _ in range(2):
            window.runs_screen.toggle_many()
            self.pass_time(0.01)
        window.go_to("Library")

    def sheet(self, open_it: Callable[[], object]) -> Sheet | None:
        open_it()
        self.pass_time(0.005)
        sheet = self.window.overlay.sheet
        if sheet is None:
            self.late.append("a sheet that did not open")
            return None
        sheet.leave()
        self.pass_time(0.005)
        return sheet

    def add_sheet(self, wait: bool = True) -> None:
        files = [QUrl.fromLocalFile(str(p)) for p in sorted(self._dropped.iterdir())]
        data = QMimeData()
        data.setUrls(files)
        copy, keys = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
        button = Qt.MouseButton.LeftButton
        QApplication.sendEvent(
            self.window, QDragEnterEvent(QPoint(600, 400), copy, data, button, keys)
        )
        QApplication.sendEvent(self.window, QDropEvent(QPointF(600, 400), copy, data, button, keys))
        self.until(lambda: self.window.overlay.sheet is not None, "the add sheet")
        sheet: Any = self.window.overlay.sheet
        if wait:
            self.until(lambda: sheet.model.rowCount() > 0, "what would be added")
        if sheet.model.rowCount() > 1:
            self.menu(lambda: sheet.table.kind_menu(1).exec(QPoint(300, 300)))
            sheet.table.setCurrentIndex(sheet.model.index(1, 3))
            QTest.keyClick(sheet.table, Qt.Key.Key_F2)
            self.pass_time(0.002)
        sheet.leave()
        self.pass_time(0.005)

    def watch_sheet(self, wait: bool = True) -> None:
        window = self.window
        window.acts.ask_to_watch(os.fsencode(self._dropped))
        sheet: Any = window.overlay.sheet
        if wait:
            self.until(lambda: "Looking" not in sheet.found.text(), "what a folder holds")
        sheet.leave()
        self.sheet(lambda: window.watches.edit(window.watches.shown[0]))

    def palette(self, wait: bool = True) -> None:
        window = self.window
        window.show_palette()
        sheet: Any = window.overlay.sheet
        QTest.keyClicks(sheet.field, "mod")
        if wait:
            self.until(lambda: bool(sheet._found), "matches in the palette", 5)
        sheet.leave()
        self.pass_time(0.005)

    def look_at_files(self, count: int, begin: int = 0) -> None:
        """Opens previews of the version with a file of every kind, one after the other."""
        window = self.window
        wanted = "every kind@v1"
        for _ in range(5):  # a row that is chosen meanwhile goes before it
            window.detail.show_reference(wanted)
            deadline = time.monotonic() + 4
            while window.detail.shown != wanted and time.monotonic() < deadline:
                self.pass_time(0.005)
            if window.detail.shown == wanted:
                break
        if window.detail.shown != wanted:
            self.late.append("the version with all kinds")
            return
        files = window.detail._reading.version["manifest"]["files"]  # type: ignore[union-attr]
        window.detail.open_file(begin % len(files))
        sheet: Any = window.overlay.sheet
        for _ in range(count):
            self.until(lambda: sheet.viewer is not None, "a preview")
            if count > 2:
                self.pass_time(0.4)  # a picture's decoder ends
            if hasattr(sheet.viewer, "field"):
                sheet.viewer.field.setText("loss")
                self.pass_time(0.01)
            sheet.next()
        sheet.leave()
        self.menu(lambda: window.detail.files.menu_for(0).exec(QPoint(300, 300)))

    def jobs_popup(self) -> None:
        self.window._show_jobs(QPoint(300, 600))
        self._close_popup()

    def problems_popup(self) -> None:
        self.window._show_problems(QPoint(300, 600))
        self._close_popup()

    def _close_popup(self) -> None:
        self.pass_time(0.005)
        popup = QApplication.activePopupWidget()
        if popup is None:
            self.late.append("a popup that did not open")
        else:
            popup.close()
        self.pass_time(0.005)

    def menu(self, exec_it: Callable[[], object]) -> None:
        """Opens a menu and closes it again."""

        def close() -> None:
            if (popup := QApplication.activePopupWidget()) is not None:
                popup.close()

        timer = QTimer(interval=2)
        timer.timeout.connect(close)
        timer.start()
        exec_it()
        timer.stop()

    def row_menu(self) -> None:
        table = self.window.page.table
        at = table.visualRect(self.window.page.model.index(0, 0)).center()
        self.menu(lambda: self.window.menus.open_row_menu(at))

    def menus(self) -> None:
        """All others, as the things that are pressed open them."""
        window, at = self.window, QPoint(300, 500)
        watch = window.watches.shown[0]
        for signal, values in (
            (window.sidebar.watch_menu, (watch, at)),
            (window.sidebar.switch, (at,)),
            (window.sidebar.more, (at,)),
            (window.filter.menu_wanted, (at,)),
            (window.page.group_button.clicked, ()),
        ):
            self.menu(lambda s=signal, v=values: s.emit(*v))  # type: ignore[misc]
        self.menu(lambda: window.page.table.column_menu(at))

    def type_filter(self, text: str) -> None:
        field = self.window.filter
        field.setFocus()
        QTest.keyClicks(field, text)
        self.pass_time(0.03)

    def clear_filter(self) -> None:
        self.window.filter.clear_all()
        model = self.window.page.model
        self.until(lambda: model.question.text == "" and model.rowCount() > 0, "the whole list")

    def select_rows(self, count: int) -> None:
        table, model = self.window.page.table, self.window.page.model
        for row in range(min(count, model.rowCount())):
            table.select_row(row)
            self.pass_time(0.02)
        table.clearSelection()

    def any_reference(self, rng: random.Random) -> str:
        model = self.window.page.model
        found = [v for at in range(model.rowCount()) if (v := model.version_at(at))]
        return f"{(one := rng.choice(found))['name']}@{one['tag']}" if found else ""


def stock(place: Path, work: Path) -> None:
    """A registry with models and runs, and one version with a file for every viewer."""
    made = work / "kinds"
    made.mkdir(parents=True)
    (made / "1.log").write_text("".join(f"step {n} loss {1 / (n + 1):.5f}\n" for n in range(3000)))
    (made / "2.csv").write_text("epoch,auc\n" + "".join(f"{n},0.9\n" for n in range(300)))
    header = json.dumps({"w": {"dtype": "F32", "shape": [8, 8], "data_offsets": [0, 256]}})
    (made / "3.safetensors").write_bytes(
        struct.pack("<Q", len(header)) + header.encode() + bytes(256)
    )
    image = QImage(640, 360, QImage.Format.Format_RGB32)
    image.fill(QColor("teal"))
    image.save(str(made / "4.png"))
    (made / "5.bin").write_bytes(bytes(range(256)) * 3)
    (made / "6.json").write_text('{"auc": 0.9}')
    with closing(create_registry(place, Settings(), "cli")) as registry:
        registry.add([os.fsencode(made)], AddOptions(name="every kind", split="whole"))
        registry.start_run("r1", name="training one")
        for number in range(12):
            path = work / f"model{number}.bin"
            path.write_bytes(bytes([number]) * 5000)
            registry.add(
                [os.fsencode(path)],
                AddOptions(name="model", kind="model", run="r1", metrics={"auc": 0.6 + number / 40},
                           params={"lr": 0.1, "depth": number}),
            )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("registry", type=Path)
    parser.add_argument("--rounds", type=int, default=0)
    parser.add_argument("--minutes", type=int, default=0)
    parser.add_argument("--switches", type=int, default=0)
    options = parser.parse_args()
    give_back_memory()  # as the program does
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        work = Path(folder)
        for name, at in (("SETTINGS", "settings.toml"), ("LOGS", "logs"), ("STATE", "state")):
            os.environ[f"STRONGROOM_{name}"] = str(work / at)
        os.environ["HOME"] = folder
        said = Said(str(work / "stderr"))
        try:
            document = soak(options, work)
        finally:
            said.close()
        document |= {"messages": said.messages, "stderr": said.stderr()}
    json.dump(document, sys.stdout, indent=1)


def soak(options: argparse.Namespace, work: Path) -> dict[str, Any]:
    one = Soak(options.registry, work)
    stock(options.registry, work)
    before = {t.name for t in threading.enumerate()}
    began = time.monotonic()
    try:
        versions = use(one, options, work)
    finally:
        one.close()  # else the threads of the registry would keep the process
    window = one.window
    timers = [type(t.parent()).__name__ for t in window.findChildren(QTimer) if t.isActive()]
    for _ in range(50):
        if {t.name for t in threading.enumerate()} <= before:
            break
        one.pass_time(0.1)
    left = sorted({t.name for t in threading.enumerate()} - before)
    return {
        "samples": one.samples,
        "late": one.late,
        "versions": versions,
        "opened": one.opened,
        "seconds": round(time.monotonic() - began, 1),
        "left_threads": left,
        "left_timers": timers,
    }


def use(one: Soak, options: argparse.Namespace, work: Path) -> int:
    """All that was asked for; how many versions there are in the end comes back."""
    one.open(options.registry)
    one.watch()
    one.window.resize(*SMALL)  # most of the time of a round is painting
    for number in range(options.rounds):
        one.round(number)
        if (number + 1) % max(5, options.rounds // _SAMPLES) == 0:
            one.sample(f"round {number + 1}")
    if options.minutes:
        one.window.resize(*LARGE)
        hour = Hour(one, one.out)
        for number in range(options.minutes):
            hour.minute(number)
            if (number + 1) % max(1, options.minutes // _SAMPLES) == 0:
                one.window.resize(*LARGE)  # its picture is part of the memory
                one.sample(f"minute {number + 1}")
        hour.end()
    if options.switches:
        others = [options.registry, work / "other"]
        stock(others[1], work / "beside")
        for number in range(options.switches):
            one.open(others[(number + 1) % 2])
            one.pass_time(0.2)
            if (number + 1) % max(2, options.switches // _SAMPLES) == 0:
                one.session.wait()
                one.sample(f"switch {number + 1}")
    return one.window.page.model.counts.everything


if __name__ == "__main__":
    main()
