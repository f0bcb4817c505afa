"""Pictures of the window's states, on a registry that real runs filled, to look through by eye.

    python -m tests.gui.gallery OUT [--scale 2] [--theme dark] [--size 1440x900] [--only WORD]

`STRONGROOM_REALRUNS` says where the recorded runs lie. Nothing outside OUT is written to.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests import lineage_story as story
from tests.gui import compare_story

ROOT = Path(__file__).parents[2]
REAL = Path(os.environ.get("STRONGROOM_REALRUNS", ROOT / ".realruns" / "out"))
SAMPLE = ROOT / "resources" / "sample" / "train.py"
#: Recorded runs that are added as they are.
ADDED = ("catboost_cbm", "hf_trainer", "onnx_export", "safetensors_versions", "hostile_names")


def fill(place: Path, work: Path) -> None:
    """Models with versions, metrics, labels and notes; recorded runs; two with warnings."""
    from strongroom.bootstrap import create_registry
    from strongroom.services.add import AddOptions
    from strongroom.settings import Settings

    folder = work / "fraud-detector"
    (folder / "logs").mkdir(parents=True)
    with closing(create_registry(place, Settings(), "cli")) as registry:
        for name in ADDED:
            if (REAL / name).is_dir():
                registry.add([os.fsencode(REAL / name)], AddOptions(each=name.startswith("host")))
        tell_a_past(registry, work / "past")
        for at in range(1, 6):
            (folder / "holdout.json").write_text(json.dumps(compare_story.evaluation_of(at % 4)))
            compare_story.picture_of("scores", at).save(str(folder / "scores.png"))
            for name, values in metrics_of(at).items():
                (folder / name).write_text(json.dumps(values))
            (folder / "model.bin").write_bytes(bytes(range(256)) * 100 * at)
            (folder / "MODEL_CARD.md").write_text(f"# Fraud detector\n\nTake {at}.\n" * 20)
            (folder / "logs" / "train.log").write_text("epoch 1\nepoch 2\n" * 200)
            (folder / "table.csv").write_text(
                "amount,hour,age,label\n"
                + "".join(f"{n**1.5 * at},{n % 24},{n + at},0\n" for n in range(99))
            )
            meta = {"git_commit": "a81f2d0" + "0" * 33, "branch": "main", "dirty": False}
            registry.add([os.fsencode(folder)], AddOptions(name="fraud-detector", meta=meta))
        registry.note(
            "fraud-detector@v5", "Measured on the holdout of week 47; better on night rows."
        )
        registry.note("fraud-detector@v5", "Ask Mia before it goes anywhere.")
        registry.label("fraud-detector@v5", "team", "risk")
        registry.label("fraud-detector@v5", "owner", "mia")


def tell_a_past(registry, folder: Path) -> None:
    """A model with its data, its run, what came of it, and a wide fan of checkpoints."""
    folder.mkdir()

    def add(name: str, text: str, **options) -> str:
        path = folder / f"{len(list(folder.iterdir()))}.txt"
        path.write_text(text)
        return story.add(registry, path, name, **options)

    data = add("score-data", "id,x\n1,2\n")
    spec = add("score-spec", "features: 12\n")
    git = {"git": {"commit": "5b90e17" + "0" * 33, "dirty": False, "branch": "main"}}
    known = {**git, "python": "3.11.7", "packages": {"torch": "2.13.0"}}
    story.run(registry, "score-train", "train score", {data: "declared", spec: "observed"},
              provenance=known, params={"lr": {"value": 0.001, "by": "user"}})  # fmt: skip
    base = story.tensors(folder / "base.safetensors", {f"l{n}": story.layer(n) for n in range(6)})
    story.add(registry, base, "score-base")
    tuned = {**{f"l{n}": story.layer(n) for n in range(4)}, "head": story.layer(90)}
    model = story.add(registry, story.tensors(folder / "m.safetensors", tuned), "score-model",
                      run="score-train", metrics={"auc": 0.9713})  # fmt: skip
    add("score-report", "report", inputs=(model,))
    add("score-int8", "quantised", inputs=(model,))
    parts = [add(f"shard-{n}", f"shard {n}") for n in range(14)]
    story.run(registry, "score-long-run", "train for long", dict.fromkeys(parts, "declared"))
    for n in range(9):
        add("score-checkpoint", f"checkpoint {n}", run="score-long-run")
    add("score-long", "the last", run="score-long-run")
    registry.catch_up()


def metrics_of(at: int) -> dict[str, dict[str, float]]:
    return {
        "metrics.json": {
            "auc": 0.9641 + at / 500, "accuracy": 0.96 + at / 1000, "log_loss": 0.09 - at / 900,
            "latency_p95": 10.9 + at / 7, "rows": 4.2e6,
        },
        "config.json": {
            "lr": 0.0003 * at, "depth": 8, "batch_size": 1024, "seed": 42,
            "a_parameter_with_a_rather_long_name": "and a value that is longer still " * 3,
            **{f"extra_{n}": n for n in range(9)},
        },
    }  # fmt: skip


def damage(place: Path, sha256: str) -> None:
    """Flips one byte of a stored file."""
    stored = (p for p in (place / "objects").rglob("*") if p.is_file())
    (one,) = (p for p in stored if sha256 in "".join(p.parts[-3:]))
    os.chmod(one, 0o644)
    data = bytearray(one.read_bytes())
    data[len(data) // 2] ^= 1
    one.write_bytes(data)


class Growing(threading.Thread):
    """A training that goes on while pictures are taken."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.done = folder, threading.Event()

    def run(self) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "config.json").write_text('{"lr": 0.001, "depth": 6, "optimizer": "adamw"}')
        with (
            open(self.folder / "metrics.csv", "w") as out,
            open(self.folder / "train.log", "w") as log,
        ):
            out.write("step,loss,val_loss,auc,lr\n")
            step = 0
            while not self.done.is_set():
                for _ in range(40 if step < 2000 else 1):
                    step += 10
                    noise = math.sin(step * 12.9898) * 0.02
                    loss = math.exp(-step / 900) + 0.08 + noise
                    out.write(
                        f"{step},{loss:.5f},{loss * 1.1 + noise:.5f},"
                        f"{0.98 - loss / 6:.5f},{1e-3 * math.exp(-step / 4000):.3g}\n"
                    )
                    log.write(f"step {step} loss {loss:.4f}\n")
                out.flush()
                log.flush()
                time.sleep(0.15)


class Gallery:
    """`states` are shown one after the other; what one leaves open the next finds closed."""

    def __init__(self, person, out: Path, work: Path, only: str) -> None:
        self.person, self.out, self.work, self.only = person, out, work, only
        self.number = 0

    @property
    def window(self):
        return self.person.window

    def take(self, name: str, act: Callable[[], object] | None = None, still: int = 250) -> None:
        self.number += 1
        if self.only and self.only not in name:
            return
        try:
            if act is not None:
                act()
            self.person.qtbot.wait(still)
        except Exception as error:  # the other pictures are still wanted
            print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
        self.window.grab().save(str(self.out / f"{self.number:02}-{name}.png"))
        self.window.overlay.close_sheet()

    def popup(self, name: str, show: Callable[[], object], still: int = 250) -> None:
        """A menu or popup is a window of its own: it is drawn where it lies over the window."""
        from PySide6.QtCore import QPoint, QTimer
        from PySide6.QtGui import QPainter
        from PySide6.QtWidgets import QApplication

        self.number += 1
        if self.only and self.only not in name:
            return

        def snap() -> None:
            whole = self.window.grab()
            tops = [
                w for w in QApplication.topLevelWidgets() if w.isVisible() and w is not self.window
            ]
            painter = QPainter(whole)
            for top in tops:
                at = top.mapToGlobal(QPoint(0, 0)) - self.window.mapToGlobal(QPoint(0, 0))
                painter.drawPixmap(at, top.grab())
            painter.end()
            whole.save(str(self.out / f"{self.number:02}-{name}.png"))
            for top in tops:
                top.close()

        QTimer.singleShot(still, snap)
        show()
        self.person.qtbot.wait(still + 150)

    # ------------------------------------------------------------------ states

    def first(self) -> None:
        self.take("welcome", still=800)
        self.take("compare-empty", lambda: self.window.go_to("Compare"))
        self.take("runs-empty", lambda: self.window.go_to("Runs"))
        self.take("watch-empty", lambda: self.window.go_to("Watch folders"))
        self.window.go_to("Library")

    def library(self) -> None:
        from PySide6.QtCore import QPoint

        p, w = self.person, self.window
        p.until(lambda: p.model.rowCount() > 4)
        self.take("library", lambda: self.select("fraud-detector@v5"), 500)
        w.filter.clear_all()
        self.take("filtered", lambda: w.set_filter("kind:model size:>1KB created:<7d"), 500)
        self.take("wrong-chip", lambda: w.set_filter("size:>x"), 500)
        w.filter.clear_all()
        p.qtbot.wait(300)

        def complete() -> None:
            w.filter.setFocus()
            p.type(w.filter, "kind:")

        self.take("completion", complete, 500)
        w.filter.clear_all()
        self.take("no-match", lambda: w.set_filter("nothing-like-it auc>2"), 600)
        w.filter.clear_all()
        p.qtbot.wait(400)
        self.take("grouped", lambda: w.page.group("artifact"), 500)
        w.page.group("")
        p.qtbot.wait(400)
        corner = w.page.group_button.mapToGlobal(w.page.group_button.rect().bottomRight())
        self.popup("column-menu", lambda: w.page.table.column_menu(corner))
        self.popup("group-menu", lambda: w.page.group_button.click())
        row = self.select("fraud-detector@v5")
        at = w.page.table.visualRect(p.model.index(row, 2)).center()
        self.popup("row-menu", lambda: w.menus.open_row_menu(at))
        self.popup("registries-menu", lambda: w.sidebar.brand.click())
        self.popup("more-menu", lambda: w.menus.open_more_menu(QPoint(60, w.height() - 60)))

    def select(self, reference: str) -> int:
        p = self.person
        p.until(lambda: reference in p.rows())
        row = p.rows().index(reference)
        p.click_row(row)
        p.until(lambda: p.window.detail.shown == reference)
        return row

    def detail(self) -> None:
        w = self.window
        self.select("fraud-detector@v5")
        w.library.open_panel()
        self.person.until(lambda: w.detail._reading is not None)
        for at, name in enumerate(("overview", "files", "history", "notes")):
            self.take(f"detail-{name}", lambda at=at: w.detail.choose_tab(at))
        w.detail.choose_tab(0)
        files = [f["path"] for f in w.detail._reading.version["manifest"]["files"]]
        for at, path in enumerate(files):
            self.take(f"preview-{Path(path).suffix[1:]}", lambda at=at: w.detail.open_file(at), 700)
        self.take("damaged", self._damaged, 600)
        bar = w.detail.overview.verticalScrollBar()
        self.take("detail-bottom", lambda: bar.setValue(bar.maximum()))

    def _damaged(self) -> None:
        files = self.window.detail._reading.version["manifest"]["files"]
        model = next(f for f in files if f["path"] == "model.bin")
        damage(self.person.place, model["sha256"])
        self.window.acts.verify_everything()
        self.person.qtbot.wait(2500)

    def adding(self) -> None:
        w, p = self.window, self.person
        self.take("drop", lambda: w.veil.open(9, ""))
        w.veil.hide()
        paths = [str(REAL / n) for n in ("dvc_pipeline", "hostile_broken", "hostile_names")]

        def look() -> None:
            w.acts.look_at(paths)
            p.until(lambda: w.overlay.sheet is not None)
            p.until(w.overlay.sheet.add_button.isEnabled, 20000)

        self.take("add-sheet", look, 600)

    def watching(self, folders: list[Path]) -> None:
        w, p = self.window, self.person

        def sheet() -> None:
            w.acts.ask_to_watch(os.fsencode(self.work / "more"))

        self.take("watch-sheet", sheet, 1200)
        for folder in folders:
            p.bridge.ask(lambda r, f=folder: r.add_watch(os.fsencode(f), {}))
        p.until(lambda: len(w.watches.shown) == len(folders))
        w.go_to("Watch folders")
        p.qtbot.wait(4500)
        ids = {watch["name"]: watch for watch in w.watches.shown}
        w.watches.pause(ids[folders[1].name]["id"], True)
        shutil.move(folders[2], self.work / "gone")
        w.watch_screen.choose(ids[folders[0].name]["id"])
        self.take("watch", still=2500)
        self.take("watch-edit", lambda: w.watch_screen.edit.click())

    def runs(self) -> None:
        w, p = self.window, self.person
        w.go_to("Runs")
        screen = w.runs_screen
        p.until(lambda: screen.model.rowCount() > 0)
        screen.show_running()
        self.take("runs-live", still=3500)
        bar = screen.view.verticalScrollBar() if hasattr(screen.view, "verticalScrollBar") else None
        self.take("runs-table", screen.view.curves.toggle_table, 500)
        screen.view.curves.toggle_table()

        def enlarge() -> None:
            screen.view.curves.enlarge(screen.view.curves.cards[0])

        self.take("runs-large", enlarge, 800)
        if bar is not None:
            self.take("runs-bottom", lambda: bar.setValue(bar.maximum()), 600)
        self.take("runs-no-match", lambda: screen.filter.set_whole("name:zzz"), 800)
        screen.filter.clear_all()

    def many(self) -> None:
        screen = self.window.runs_screen
        self.window.go_to("Runs")
        self.take("runs-many", screen.toggle_many, 900)
        screen.toggle_many()

    def lineage(self) -> None:
        """The graph of a project with a past: selected, searched, as a list, grouped, alone."""
        w, p = self.window, self.person
        screen = w.lineage_screen

        def shown(name: str) -> None:
            w.show_lineage(name)
            p.until(lambda: screen.shown is not None and screen.shown.root == name, 30000)

        self.take("lineage", lambda: shown("score-model@v1"), 900)
        self.take("lineage-selected", lambda: screen.canvas.select("run:score-train"), 600)
        self.take("lineage-search", lambda: screen.field.edit.setText("score"), 400)
        screen.field.edit.clear()
        self.take("lineage-list", screen.toggle_outline, 400)
        screen.toggle_outline()
        self.take("lineage-link", lambda: screen.declare("score-model@v1"), 700)
        w.overlay.close_sheet()
        self.take("lineage-run", lambda: shown("run:score-train"), 700)
        self.take("lineage-group", lambda: shown("score-long@v1"), 900)
        self.take("lineage-alone", lambda: shown("fraud-detector@v5"), 700)

    def comparing(self) -> None:
        w, p = self.window, self.person
        screen = w.compare_screen
        cards = screen.page.cards.values()

        def compare(refs: list[str]) -> None:
            screen.compare(refs)
            w.go_to("Compare")
            p.until(lambda: all(c.document is not None or c.has_failed for c in cards), 30000)

        versions = [f"fraud-detector@v{n}" for n in (3, 4, 5)]
        self.take("compare-one", lambda: (screen.compare(versions[:1]), w.go_to("Compare")))
        self.take("compare", lambda: compare(versions), 600)
        self.take("compare-all-rows", lambda: screen.only.setChecked(False))
        screen.only.setChecked(True)
        for name in ("metrics", "evaluation", "data", "images", "config", "files"):
            still = 1500 if name == "images" else 400  # until they are decoded
            self.take(f"compare-{name}", lambda name=name: screen.tabs.choose(name), still)
        for mode in ("onion", "difference"):
            self.take(
                f"compare-images-{mode}",
                lambda mode=mode: (
                    screen.tabs.choose("images"), screen.page.images.choose_mode(mode)
                ),
            )  # fmt: skip
        screen.tabs.choose("")
        self.take("compare-picker", screen.pick, 700)
        runs = [r["id"] for r in (w.runs_screen.model.run_at(at) for at in range(4)) if r]
        self.take("compare-runs", lambda: compare([f"run:{run}" for run in runs[:3]]), 1200)
        self.take("compare-curves", lambda: screen.tabs.choose("curves"), 800)
        self.take("compare-table", screen.page.curves.toggle_table, 500)
        screen.page.curves.toggle_table()
        screen.tabs.choose("")
        self.take("compare-gone", lambda: compare([versions[0], "fraud-detector@v99"]), 500)

    def others(self) -> None:
        from PySide6.QtCore import Qt

        w, p = self.window, self.person
        w.go_to("Library")

        def palette(text: str) -> None:
            w.show_palette()
            p.type(w.overlay.sheet.field, text)

        self.take("palette", lambda: palette(""))
        self.take("palette-found", lambda: palette("fraud"), 600)
        self.take("palette-nothing", lambda: palette("zzzqq"), 600)
        w.go_to("Settings")
        for at in range(len(w.settings_screen._nav)):
            self.take(f"settings-{at}", lambda at=at: w.settings_screen.show_section(at))
        w.go_to("Library")
        self.take("keys", w.show_keys)
        self.take("help", w.show_help)
        self.take("save-filter", lambda: (w.set_filter("kind:model"), w.menus.save_filter()))
        w.filter.clear_all()

        def leaving() -> None:
            from strongroom.gui.leaving import LeavingSheet

            w.overlay.open(
                LeavingSheet(p.theme, "1 job and files of out being taken", True, bool, bool)
            )

        self.take("leaving", leaving)
        at = w.strip.mapToGlobal(w.strip.rect().topRight())
        self.popup("jobs", lambda: w._show_jobs(at), 400)
        self.popup(
            "problems", lambda: w._show_problems(w.strip.mapToGlobal(w.strip.rect().topLeft()))
        )
        from strongroom.domain.errors import BadInput

        self.take(
            "fault",
            lambda: w.fault.explain(
                BadInput(
                    "the folder exists already", "/data/exports/fraud-detector-v5", "choose another"
                )
            ),
        )
        w.fault.hide()
        self.take(
            "read-only",
            lambda: w.banner.show_words(
                "lock",
                "This registry can only be read: a newer Strongroom has used it.",
            ),
        )
        w.banner.show_words("lock", "")
        for name in ("Library", "Runs", "Watch folders", "Settings"):
            w.go_to(name)
            for _ in range(5):
                p.key(Qt.Key.Key_Tab)
            self.take(f"tabbed-{name.split()[0].lower()}")
        w.go_to("Library")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--scale", default="1")
    parser.add_argument("--theme", default="light", choices=["light", "dark"])
    parser.add_argument("--size", default="1440x900")
    parser.add_argument("--only", default="", help="only states whose name holds this")
    options = parser.parse_args()
    os.environ["QT_SCALE_FACTOR"] = options.scale
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication
    from pytestqt.qt_compat import qt_api
    from pytestqt.qtbot import QtBot

    from tests.gui.conftest import Person, Theme, load_fonts, resources  # sets the platform

    qt_api.set_qt_api("pyside6")

    class Hands(QtBot):
        """A bot that belongs to no test."""

        def __init__(self) -> None:
            pass

        def addWidget(self, *_, **__) -> None:
            pass

    app = QApplication.instance() or QApplication([])
    app.setApplicationName("Strongroom")
    load_fonts(resources())
    theme = Theme(app, options.theme)
    options.out.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="gallery-"))
    size = [int(n) for n in options.size.split("x")]
    growing = Growing(work / "training-out" / "live-run")
    person = None

    def open_person(place: Path):
        one = Person(Hands(), theme, place, QSettings(str(work / "w.ini"), QSettings.IniFormat))
        one.open(loads=False)
        one.window.resize(*size)
        one.qtbot.wait(600)
        return one

    try:
        person = open_person(work / "first")
        Gallery(person, options.out, work, options.only).first()
        person.close()
        fill(work / "registry", work)
        for name in ("training-out", "more", "notebooks", "nas-archive"):
            (work / name).mkdir(exist_ok=True)
        for name, lr in (("baseline", "0.5"), ("slower", "0.05")):
            subprocess.run(
                [sys.executable, str(SAMPLE), str(work / "training-out"), "--name", name,
                 "--lr", lr], check=True,
            )  # fmt: skip
        if (REAL / "lightning_logs").is_dir():
            shutil.copytree(REAL / "lightning_logs", work / "notebooks" / "lightning_logs")
        (work / "more" / "weights.bin").write_bytes(os.urandom(5000))
        person = open_person(work / "registry")
        gallery = Gallery(person, options.out, work, options.only)
        gallery.number = 4
        gallery.library()
        gallery.detail()
        gallery.adding()
        growing.start()
        gallery.watching([work / n for n in ("training-out", "notebooks", "nas-archive")])
        gallery.runs()
        gallery.many()
        gallery.lineage()
        gallery.comparing()
        gallery.others()
    finally:
        growing.done.set()
        if person is not None:
            person.close()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
