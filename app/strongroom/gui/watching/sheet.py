"""How a folder shall be watched, with what is found in it shown before anything is taken."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHeaderView,
    QLineEdit,
    QTableView,
    QWidget,
)

from strongroom.domain.errors import StrongroomError, printable
from strongroom.domain.names import derive_name
from strongroom.domain.quantities import size_text
from strongroom.gui import icons
from strongroom.gui.bridge import Bridge, Ticket
from strongroom.gui.overlay import Sheet
from strongroom.gui.pieces import (
    Button,
    Choice,
    Elided,
    Icon,
    IconButton,
    column,
    frame,
    label,
    row,
)
from strongroom.gui.theme import DENSE_ROW, HEADER, Theme, font, mono
from strongroom.gui.tips import tip
from strongroom.gui.watching.rules import KEEP, MODES
from strongroom.gui.wording import KINDS, plural, sentence

_SOON_MS = 250
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class WatchSheet(Sheet):
    """`watch`: the folder's present rules, where they are to be changed."""

    def __init__(
        self, bridge: Bridge, theme: Theme, root: bytes, watch: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(720, 600)
        self._bridge, self._theme, self._root = bridge, theme, os.path.abspath(root)
        self._editing = watch is not None
        self._ticket: Ticket | None = None
        options = watch["options"] if watch else {}
        layout = column(1, 14, 1, 14)
        layout.addLayout(self._head())
        layout.addWidget(frame("rule"))
        layout.addLayout(self._fields(watch, options))
        layout.addWidget(frame("rule"))
        layout.addLayout(self._found_head())
        inset = row(12, 0, 12, 0)
        inset.addWidget(self._found_table())
        layout.addLayout(inset, 1)
        layout.addWidget(frame("rule"))
        layout.addLayout(self._foot())
        self.setLayout(layout)
        self._soon = QTimer(self, singleShot=True, interval=_SOON_MS)
        self._soon.timeout.connect(self._look)
        self.mode.currentIndexChanged.connect(lambda _: self._changed())
        self.name.textEdited.connect(lambda _: self._soon.start())
        self.name.returnPressed.connect(self._watch)
        self._changed()

    def first_focus(self) -> QWidget:
        return self.watch_button

    # ------------------------------------------------------------------ parts

    def _head(self) -> Any:
        head = row(20, 0, 12, 12, spacing=12)
        head.addWidget(Icon(self._theme, "folder-sync", "accent_text", 20))
        words = column(spacing=2)
        title = "Rules of a watched folder" if self._editing else "Watch a folder"
        words.addWidget(label(title, fnt=font(15, 650)))
        words.addWidget(Elided(printable(os.fsdecode(self._root)), "second", mono()))
        head.addLayout(words, 1)
        head.addWidget(IconButton(self._theme, "x", "Close (Esc)", self.leave))
        return head

    def _fields(self, watch: Mapping[str, Any] | None, options: Mapping[str, Any]) -> Any:
        inside = column(20, 14, 20, 12, spacing=10)
        own = derive_name(os.path.basename(self._root) or b"root")
        self.name = QLineEdit(str(watch["name"]) if watch else own)
        self.name.setEnabled(not self._editing)
        self.name.setToolTip(
            "Names that were given stay: stop watching and begin anew for another one"
            if self._editing else ""
        )  # fmt: skip
        self.mode = Choice(self._theme, MODES)
        self.keep = Choice(self._theme, KEEP)
        self.mode.setCurrentIndex(max(0, self.mode.findData(options.get("mode", "auto"))))
        self.keep.setCurrentIndex(max(0, self.keep.findData(options.get("keep", "all"))))
        self.polling = QCheckBox("It is a network drive: look every few seconds")
        self.polling.setChecked(bool(options.get("polling")))
        for title, field in (
            ("Names begin with", self.name),
            ("What belongs together", self.mode),
            ("Of checkpoints, keep", self.keep),
        ):
            line = row(spacing=12)
            caption = label(title, "second")
            caption.setFixedWidth(150)
            caption.setBuddy(field)
            field.setAccessibleName(title)
            line.addWidget(caption)
            line.addWidget(field, 1)
            inside.addLayout(line)
        line = row()
        line.addSpacing(162)
        line.addWidget(self.polling)
        line.addStretch(1)
        inside.addLayout(line)
        return inside

    def _found_head(self) -> Any:
        line = row(20, 10, 20, 8, spacing=8)
        self._found_icon = Icon(self._theme, "folder-search", "text2", 15)
        line.addWidget(self._found_icon)
        self.found = label("Looking at what is there…", "", font(13, 600))
        line.addWidget(self.found)
        self._found_more = label("", "second", font(12))
        line.addWidget(self._found_more)
        line.addStretch(1)
        return line

    def _found_table(self) -> QTableView:
        self.model = QStandardItemModel(0, 4)
        self.model.setHorizontalHeaderLabels(["It would make", "Kind", "Files", "Size"])
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setProperty("look", "plain")
        self.table.setAccessibleName("What would be taken")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(DENSE_ROW)
        header = self.table.horizontalHeader()
        header.setFixedHeight(HEADER)
        header.setHighlightSections(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for at, width in ((1, 100), (2, 70), (3, 90)):
            self.table.setColumnWidth(at, width)
        header.setDefaultAlignment(_LEFT)
        return self.table

    def _foot(self) -> Any:
        foot = column(20, 10, 20, 0, spacing=8)
        self.wrong = label("", "bad", font(12))
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        foot.addWidget(self.wrong)
        buttons = row(spacing=10)
        buttons.addWidget(Icon(self._theme, "info", "text3", 14))
        buttons.addWidget(
            label("Watching never moves, renames or changes your files.", "caption", font(12)), 1
        )
        buttons.addWidget(Button(self._theme, "Cancel", "", "", self.leave))
        verb = "Save rules" if self._editing else "Watch folder"
        self.watch_button = Button(self._theme, verb, "folder-sync", "primary", self._watch)
        buttons.addWidget(self.watch_button)
        foot.addLayout(buttons)
        return foot

    # ------------------------------------------------------------------ looking

    def _options(self) -> dict[str, Any]:
        return {
            "name": self.name.text().strip() or None,
            "mode": self.mode.currentData(),
            "keep": self.keep.currentData(),
            "polling": self.polling.isChecked(),
        }

    def _changed(self) -> None:
        grouped = self.mode.currentData() == "auto"
        self.keep.setEnabled(grouped)
        self.keep.setToolTip("" if grouped else "Runs are known only where files are grouped")
        self._soon.start()

    def _look(self) -> None:
        if self._ticket is not None:
            self._ticket.cancel()
        root, options = self._root, self._options()
        self._ticket = self._bridge.ask(
            lambda registry: registry.look_at_folder(root, options),
            self._show_found,
            self._explain,
            slow=True,
        )

    def _show_found(self, found: Mapping[str, Any]) -> None:
        self.wrong.hide()
        self.watch_button.setEnabled(True)
        if not found["files"]:
            self.found.setText("Nothing is there yet")
            self._found_more.setText("what is written into it comes in by itself")
        else:
            files, runs = plural(found["files"], "file"), found["run_count"]
            of_runs = f" in {plural(runs, 'run')}" if runs else ""
            self.found.setText(f"{files}{of_runs}, {size_text(found['bytes'])}")
            out = found["left_out_count"]
            made = f"it would make {plural(found['artifact_count'], 'artifact')}"
            self._found_more.setText(f"{made}; {out} left out" if out else made)
            self._found_more.setToolTip(
                tip("\n".join(f"{o['path']}: {o['reason']}" for o in found["left_out"][:20]))
            )
        self.model.setRowCount(0)
        for artifact in found["artifacts"]:
            self.model.appendRow(self._row(artifact))
        more = found["artifact_count"] - len(found["artifacts"])
        if more > 0:
            self.model.appendRow([_cell(f"and {plural(more, 'more')}")])
        self._soon.stop()

    def _row(self, artifact: Mapping[str, Any]) -> list[QStandardItem]:
        kind = KINDS.get(artifact["kind"])
        chip = _cell(kind.word if kind else "by content")
        if kind is not None:
            tone = self._theme.tone(kind.tone)
            chip.setIcon(icons.icon(kind.icon, tone.text))
            chip.setForeground(QColor(tone.text))
        name = _cell(artifact["name"])
        name.setToolTip(tip(artifact["name"]))
        return [
            name,
            chip,
            _cell(str(artifact["files"])),
            _cell(size_text(artifact["bytes"])),
        ]

    # ------------------------------------------------------------------ deciding

    def _watch(self) -> None:
        options, root = self._options(), self._root
        self.watch_button.setEnabled(False)
        self._bridge.ask(
            lambda registry: registry.add_watch(root, options),
            lambda _: self.closed.emit(),
            self._explain,
        )

    def _explain(self, error: StrongroomError) -> None:
        self.watch_button.setEnabled(True)
        self.found.setText("It cannot be watched like this")
        self._found_more.setText("")
        self.wrong.setText(sentence(f"{error.what}: {error.hint}"))
        self.wrong.show()


def _cell(text: str) -> QStandardItem:
    item = QStandardItem(text)
    item.setFont(font(12))
    return item
