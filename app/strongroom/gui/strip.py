"""The strip at the bottom: watching, the store, the journal, and the work in hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QProgressBar, QWidget

from strongroom.domain.quantities import size_text
from strongroom.gui.jobs import Job, job_detail, job_title, look_of, progress_text, share
from strongroom.gui.pieces import Button, Icon, frame, label, row
from strongroom.gui.theme import STRIP, Theme, mono
from strongroom.gui.tips import tip
from strongroom.gui.wording import plural

_SAID_MS = 10_000


class Strip(QFrame):
    """`cancel(job id)`, `show_watching`, `show_jobs(point)`: what was pressed."""

    cancel = Signal(int)
    pause_watch = Signal(str)
    show_watching = Signal()
    show_jobs = Signal(QPoint)
    show_problems = Signal(QPoint)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("look", "strip")
        self.setFixedHeight(STRIP)
        self._theme = theme
        layout = row(10, 0, 10, 0, spacing=2)
        self.watching = self._part("eye-off", "No folder watched", self.show_watching.emit)
        self.store = self._part("hard-drive", "Opening…", lambda: None)
        self.journal = self._part("shield-check", "Journal", lambda: None)
        for part in (self.watching, self.store, self.journal):
            layout.addWidget(part)
            layout.addWidget(frame("rule-upright"))
        self.problems = self._part("triangle-alert", "", self._show_problems)
        self.problems.hide()
        layout.addWidget(self.problems)
        layout.addStretch(1)
        self._icon = Icon(theme, "check", "text3", 14)
        self.words = Button(theme, "No jobs running", "", "strip", self._show_jobs)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setFixedWidth(120)
        self.bar.setAccessibleName("Progress of the running job")
        self.amount = label("", "caption", mono(11))
        self.stop = Button(theme, "Cancel", "", "strip", self._stop)
        work: tuple[QWidget, ...] = (self._icon, self.words, self.bar, self.amount, self.stop)
        for one in work:
            layout.addWidget(one)
        self.setLayout(layout)
        self._running: Job | None = None
        self._taking: Mapping[str, Any] | None = None
        self._said = QTimer(self, singleShot=True, interval=_SAID_MS)
        self._said.timeout.connect(self._rest)
        self._rest()

    def _part(self, icon: str, text: str, act: Callable[[], object]) -> Button:
        return Button(self._theme, text, icon, "strip", act, size=14)

    # ------------------------------------------------------------------ left: states

    def show_watches(self, watches: list[dict[str, Any]]) -> None:
        bad = [w for w in watches if w["state"] in ("missing", "full")]
        odd = [w for w in watches if w["state"] == "elsewhere"]
        live = [w for w in watches if w["state"] in ("live", "polling", "scanning", "idle")]
        if not watches:
            self._say(self.watching, "eye-off", "No folder watched")
        elif bad:
            words = "disk full" if bad[0]["state"] == "full" else "missing"
            self._say(self.watching, "triangle-alert", f"{bad[0]['name']}: {words}", "bad")
        elif odd:
            self._say(self.watching, "info", f"{odd[0]['name']}: watched elsewhere", "warn")
        elif not live:
            self._say(self.watching, "eye-off", "Watching is paused", "warn")
        else:
            self._say(self.watching, "eye", f"Watching {plural(len(live), 'folder')}")
        self.watching.setToolTip(tip("\n".join(f"{w['name']}: {w['path']}" for w in watches)))

    def show_status(self, status: Mapping[str, Any], full: bool) -> None:
        """`full`: less is free than shall be kept free."""
        free, damaged = status["free"], status["damaged"]
        if damaged:
            text = f"Store: {plural(damaged, 'damaged file')}"
            self._say(self.store, "triangle-alert", text, "bad")
        elif full:
            text = f"Store: disk full, {size_text(free)} free"
            self._say(self.store, "triangle-alert", text, "bad")
        elif status["read_only"]:
            self._say(self.store, "lock", "Store: read only, from a newer Strongroom", "warn")
        else:
            text = f"Store: local folder, {size_text(free)} free"
            self._say(self.store, "hard-drive", text, "warn" if free < 1 << 30 else "")
        self.store.setToolTip(tip(status["place"]))
        self._say(
            self.journal,
            "shield-check",
            f"Journal: {plural(status['entries'], 'entry', 'entries')}",
        )
        self.journal.setToolTip("Every fact is an entry, chained to the one before by its hash")

    def show_problem_count(self, problems: Sequence[object]) -> None:
        count = len(problems)
        self.problems.setVisible(count > 0)
        if count:
            self._say(self.problems, "triangle-alert", plural(count, "problem"), "bad")

    def _show_problems(self) -> None:
        self.show_problems.emit(self.problems.mapToGlobal(QPoint(0, 0)))

    def _say(self, part: Button, icon: str, text: str, state: str = "") -> None:
        part.icon_name = icon
        part.setText(text)
        if part.property("state") != state:
            part.setProperty("state", state)
            part.style().unpolish(part)
            part.style().polish(part)
        part.draw_icon()

    # ------------------------------------------------------------------ right: work

    def show_job(self, job: Job) -> None:
        """The newest state of a job; an ended one is told for ten seconds."""
        if job["state"] in ("queued", "running"):
            if (
                self._running is None
                or self._running["id"] >= job["id"]
                or job["state"] == "running"
            ):
                self._running = job
                self._draw_work(job_title(job), job["progress"], not job["cancelling"], "Cancel")
            return
        if self._running is not None and self._running["id"] == job["id"]:
            self._running = None
        icon, colour = look_of(job)
        self._tell(icon, colour, f"{job_title(job)}: {job_detail(job)}")

    def show_taking(self, data: Mapping[str, Any]) -> None:
        """A watched folder's files are being taken; when all are there, the strip rests."""
        if self._running is not None:
            return
        over = data["bytes"] >= data["total_bytes"] and data["files"] >= data["total_files"]
        self._taking = None if over else data
        if over:
            self._rest()
        else:
            self._draw_work(f"Taking files of {data['name']}", data, True, "Pause")

    def _draw_work(
        self, title: str, progress: Mapping[str, Any], can_stop: bool, stop: str
    ) -> None:
        self._said.stop()
        self._icon.set_icon("loader-circle", "accent")
        self.words.setText(self._cut(title))
        self.words.setToolTip(tip(title))
        busy = bool(progress.get("total_bytes"))
        self.bar.setVisible(busy)
        self.bar.setValue(share(progress))
        self.amount.setText(progress_text(progress) if progress else "")
        self.amount.setVisible(busy and self.width() > 1000)
        self.stop.setText(stop if can_stop else "Stopping…")
        self.stop.setEnabled(can_stop)
        self.stop.show()

    def announce(self, text: str) -> None:
        """Tells something for ten seconds, unless a job is being told of."""
        if self._running is None:
            self._tell("info", "accent_text", text)

    def _tell(self, icon: str, colour: str, text: str) -> None:
        self._icon.set_icon(icon, colour)
        self.words.setText(self._cut(text))
        self.words.setToolTip(tip(text))
        for part in (self.bar, self.amount, self.stop):
            part.hide()
        self._said.start()

    def _rest(self) -> None:
        if self._running is None:
            self._tell("check", "text3", "No jobs running")
            self._said.stop()

    def _cut(self, text: str) -> str:
        metrics = self.words.fontMetrics()
        room = max(160, self.width() // 3)
        return metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room)

    def _stop(self) -> None:
        if self._running is not None:
            self.cancel.emit(self._running["id"])
            self.stop.setText("Stopping…")
            self.stop.setEnabled(False)
        elif self._taking is not None:
            self.pause_watch.emit(self._taking["id"])

    def _show_jobs(self) -> None:
        self.show_jobs.emit(self.words.mapToGlobal(QPoint(0, 0)))
