"""The head of a run's page: name, state, when, how long, by which tool, where, from what code."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel

from strongroom.domain.errors import printable
from strongroom.gui.paint import Pill
from strongroom.gui.pieces import Button, Elided, IconButton, column, copy_text, frame, label, row
from strongroom.gui.runs import wording
from strongroom.gui.runs.wording import Run
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.tips import tip


class RunHead(QFrame):
    """`show_versions(run id)`: its button was pressed."""

    show_versions = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("look", "card")
        self._run: Run | None = None
        layout = column(16, 12, 12, 12, spacing=10)
        line = row(spacing=8)
        self.name = Elided("", "", font(17, 650))
        self.pill = Pill(theme, wording.STATES["finished"])
        line.addWidget(self.name, 1)
        line.addWidget(self.pill)
        line.addSpacing(4)
        self.versions = Button(theme, "Show versions", "library", "", self._press)
        self.versions.setToolTip("All versions that this run made, in the Library")
        line.addWidget(self.versions)
        line.addWidget(IconButton(theme, "copy", "Copy the run's id", self.copy_id))
        layout.addLayout(line)
        layout.addWidget(frame("rule"))
        facts = row(spacing=24)
        self.started, self.took, self.tool = (label(fnt=font(13, 500)) for _ in range(3))
        self.commit = label(fnt=mono())
        self.folder = Elided("", "", mono(), Qt.TextElideMode.ElideMiddle)
        _stand(facts, "Started", self.started)
        self._took_caption = _stand(facts, "Took", self.took)
        _stand(facts, "Written by", self.tool)
        _stand(facts, "Git commit", self.commit)
        _stand(facts, "Folder", self.folder, 1)
        layout.addLayout(facts)
        self.setLayout(layout)

    def show_run(self, run: Run) -> None:
        self._run = run
        self.name.set_whole(wording.name_of(run))
        self.pill.set_look(wording.look_of(run))
        _put(self.started, wording.started_text(run))
        self.started.setToolTip(wording.times_tip(run))
        _put(self.tool, wording.layout_of(run))
        commit = wording.git_commit(wording.provenance_facts(run["provenance"]))
        _put(self.commit, commit[:10])
        self.commit.setToolTip(tip(commit))
        folder = run["provenance"].get("folder")
        self.folder.set_whole(printable(str(folder)) if folder else words_for_no_folder(folder))
        self.tick()

    def tick(self) -> None:
        """Ages grow, and so does the time that a run takes which goes on."""
        if self._run is None:
            return
        caption = "Running for" if wording.is_running(self._run) else "Took"
        self._took_caption.setText(caption)
        _put(self.took, wording.took_text(self._run))
        _put(self.started, wording.started_text(self._run))

    def copy_id(self) -> None:
        if self._run is not None:
            copy_text(self._run["id"])

    def _press(self) -> None:
        if self._run is not None:
            self.show_versions.emit(self._run["id"])


def words_for_no_folder(folder: object) -> str:
    """A run may be the watched folder itself, or have been declared by a script."""
    return "the watched folder itself" if folder == "" else "none, a script declared it"


def _stand(line: QHBoxLayout, caption: str, value: QLabel, stretch: int = 0) -> QLabel:
    """Caption above, value below; the caption comes back."""
    holder = frame("plain")
    inside = column(spacing=2)
    above = label(caption, "caption", font(11))
    inside.addWidget(above)
    inside.addWidget(value)
    holder.setLayout(inside)
    value.setAccessibleName(caption)
    line.addWidget(holder, stretch)
    return above


def _put(value: QLabel, text: str) -> None:
    """What is not known is not there."""
    value.setText(text)
    parent = value.parentWidget()
    if parent is not None:
        parent.setVisible(bool(text))
