"""What was dropped or chosen, looked at before anything is stored."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QHeaderView,
    QLineEdit,
    QProgressBar,
    QTableView,
    QWidget,
)

from strongroom.domain.errors import NotFound, StrongroomError, printable
from strongroom.domain.names import check_name
from strongroom.domain.quantities import size_text
from strongroom.gui import icons
from strongroom.gui.bridge import Bridge
from strongroom.gui.jobs import progress_text, share
from strongroom.gui.overlay import Sheet
from strongroom.gui.pieces import Button, Icon, IconButton, column, frame, label, row
from strongroom.gui.theme import HEADER, ROW, Theme, font, mono
from strongroom.gui.wording import KINDS, plural, value_text
from strongroom.services.add import AddOptions
from strongroom.services.progress import Progress
from strongroom.services.registry import Registry

_COLUMNS = ("Goes to", "Kind", "Version", "Files", "Size", "Check")
_MOST = 500


class AddSheet(Sheet):
    """`watch(path)` is called where the user would rather watch a dropped folder."""

    def __init__(
        self,
        bridge: Bridge,
        theme: Theme,
        paths: Sequence[bytes],
        watch: Callable[[bytes], object],
    ) -> None:
        super().__init__(920, 560)
        self._bridge, self._theme, self._paths = bridge, theme, list(paths)
        self._progress: Progress | None = None
        self._versions: list[dict[str, Any]] = []
        layout = column(1, 14, 1, 12)
        layout.addLayout(self._head())
        layout.addWidget(frame("rule"))
        layout.addWidget(self._table(), 1)
        layout.addWidget(frame("rule"))
        layout.addLayout(self._options(watch))
        layout.addLayout(self._buttons())
        self.setLayout(layout)
        self._look()

    def first_focus(self) -> QWidget:
        return self.add_button

    def leave(self) -> None:
        if self._progress is not None:
            self._progress.cancel()
        super().leave()

    # ------------------------------------------------------------------ parts

    def _head(self) -> Any:
        head = row(20, 0, 12, 12, spacing=12)
        head.addWidget(Icon(self._theme, "file-plus", "accent_text", 20))
        words = column(spacing=2)
        names = [printable(os.fsdecode(os.path.basename(p.rstrip(b"/")))) for p in self._paths]
        what = names[0] if len(names) == 1 else plural(len(names), "item")
        self._title = label(f"Add {value_text(what, 60)}", fnt=font(15, 650))
        self._under = label("Looking at it; nothing is stored until you press Add.", "second")
        words.addWidget(self._title)
        words.addWidget(self._under)
        head.addLayout(words, 1)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setRange(0, 1000)
        self._bar.setFixedWidth(110)
        head.addWidget(self._bar)
        self._amount = label("", "second", mono(11))
        head.addWidget(self._amount)
        head.addWidget(IconButton(self._theme, "x", "Close (Esc)", self.leave))
        return head

    def _table(self) -> QTableView:
        self.model = QStandardItemModel(0, len(_COLUMNS))
        self.model.setHorizontalHeaderLabels(list(_COLUMNS))
        self.table = QTableView()
        self.table.setModel(self.model)
        self.table.setProperty("look", "plain")
        self.table.setAccessibleName("What will be added")
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(ROW)
        header = self.table.horizontalHeader()
        header.setFixedHeight(HEADER)
        for column_number, width in enumerate((250, 92, 84, 56, 84)):
            self.table.setColumnWidth(column_number, width)
        header.setSectionResizeMode(len(_COLUMNS) - 1, QHeaderView.ResizeMode.Stretch)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return self.table

    def _options(self, watch: Callable[[bytes], object]) -> Any:
        options = column(20, 12, 20, 8, spacing=8)
        fields = row(spacing=16)
        self.name = QLineEdit()
        self.name.setPlaceholderText("taken from the file's or folder's name")
        self.note = QLineEdit()
        self.note.setPlaceholderText("optional, kept with each version")
        for title, field in (("Name", self.name), ("Note", self.note)):
            one = column(spacing=4)
            caption = label(title, "", font(12, 600))
            caption.setBuddy(field)
            field.setAccessibleName(title)
            one.addWidget(caption)
            one.addWidget(field)
            fields.addLayout(one, 1)
        options.addLayout(fields)
        self.wrong = label("", "bad", font(12))
        self.wrong.hide()
        options.addWidget(self.wrong)
        line = row(spacing=16)
        self.each = QCheckBox("Each file by itself")
        self.each.toggled.connect(lambda _: self._look())
        self.watch_button = Button(
            self._theme,
            "Watch this folder instead…",
            "folder-sync",
            "ghost",
            lambda: watch(self._paths[0]),
        )
        choices: tuple[QWidget, ...] = (self.each, self.watch_button)
        for choice in choices:
            choice.hide()
            line.addWidget(choice)
        line.addStretch(1)
        options.addLayout(line)
        self.name.editingFinished.connect(self._rename)
        self.name.textEdited.connect(lambda _: self._check())
        return options

    def _buttons(self) -> Any:
        buttons = row(20, 4, 20, 0, spacing=10)
        self._sum = label("", "", font(13, 600))
        buttons.addStretch(1)
        buttons.addWidget(self._sum)
        buttons.addSpacing(6)
        buttons.addWidget(Button(self._theme, "Cancel", "", "", self.leave))
        self.add_button = Button(self._theme, "Add", "plus", "primary", self._add)
        self.add_button.setDefault(True)
        buttons.addWidget(self.add_button)
        return buttons

    # ------------------------------------------------------------------ looking

    def _look(self) -> None:
        """Reads what would be made; a look that is under way is given up."""
        if self._progress is not None:
            self._progress.cancel()
        self.model.setRowCount(0)
        self._bar.show()
        self._sum.setText("")
        options = AddOptions(name=self.name.text().strip() or None, each=self.each.isChecked())
        paths = self._paths

        def look(registry: Registry, progress: Progress) -> tuple[int, dict[str, Any]]:
            folders = sum(os.path.isdir(p) for p in paths)
            return folders, registry.add(paths, options, progress, dry_run=True)

        self._progress = self._bridge.ask_slowly(look, self._show, self._explain, self._advance)

    def _advance(self, progress: Progress) -> None:
        if progress is not self._progress:
            return
        counts = {
            "files": progress.files,
            "total_files": progress.total_files,
            "bytes": progress.bytes,
            "total_bytes": progress.total_bytes,
            "rate": round(progress.rate),
        }
        self._bar.setValue(share(counts))
        self._amount.setText(progress_text(counts))

    def _show(self, answer: tuple[int, dict[str, Any]]) -> None:
        folders, found = answer
        self.each.setVisible(folders > 0)
        self.watch_button.setVisible(folders == len(self._paths) == 1)
        self._versions = found["versions"]
        self._bar.hide()
        size = sum(v["size"] for v in self._versions)
        self._amount.setText(f"{size_text(size)} looked at")
        self._under.setText("Check it; nothing is stored until you press Add.")
        self._draw()
        several = len(self._versions) > 1
        self.name.setEnabled(not several)
        if several:
            self.name.setPlaceholderText("one name cannot name several versions")

    def _draw(self) -> None:
        self.model.setRowCount(0)
        for version in self._versions[:_MOST]:
            self.model.appendRow(self._row(version))
        if len(self._versions) > _MOST:
            self.model.appendRow([_cell(f"and {len(self._versions) - _MOST} more")])
        new = [v for v in self._versions if v["created"]]
        known = len(self._versions) - len(new)
        words = plural(len(new), "new version") if new else "Nothing new"
        self._sum.setText(f"{words}, {known} already stored" if known and new else words)
        self.add_button.setText(f"Add {plural(len(new), 'version')}" if new else "Add")
        self.add_button.setEnabled(bool(new))
        self.add_button.setToolTip("" if new else "All of it is stored already")

    def _row(self, version: dict[str, Any]) -> list[QStandardItem]:
        kind = KINDS[version["kind"]]
        tone = self._theme.tone(kind.tone)
        chip = _cell(kind.word)
        chip.setIcon(icons.icon(kind.icon, tone.text))
        chip.setForeground(QColor(tone.text))
        name = _cell(version["name"])
        name.setFont(font(13, 600))
        name.setToolTip(version["name"])
        size = _cell(size_text(version["size"]))
        size.setFont(mono())
        if version["warnings"]:
            check = _cell(version["warnings"][0])
            check.setIcon(icons.icon("triangle-alert", self._theme.tone("amber").text))
            check.setToolTip("\n".join(version["warnings"][:20]))
        elif not version["created"]:
            check = _cell(f"Identical to {version['tag']}: nothing to store")
        else:
            check = _cell("Ready")
            check.setIcon(icons.icon("circle-check", self._theme.tone("green").text))
        tag = version["next_tag"] or version["tag"]
        return [name, chip, _cell(f"{tag} new" if version["created"] else tag),
                _cell(str(version["files"])), size, check]  # fmt: skip

    def _explain(self, error: StrongroomError) -> None:
        if error.code == "cancelled":
            return
        self._bar.hide()
        self._amount.setText("")
        self._under.setText("This cannot be added as it is.")
        self.wrong.setText(str(error))
        self.wrong.setWordWrap(True)
        self.wrong.show()
        self.add_button.setEnabled(False)

    # ------------------------------------------------------------------ deciding

    def _check(self) -> bool:
        """Whether the typed name may be one; the reason stands below it."""
        text, reason = self.name.text().strip(), ""
        if text:
            try:
                check_name(text)
            except StrongroomError as error:
                reason = f"{error.what}: {error.hint}"
        self.wrong.setText(reason)
        self.wrong.setVisible(bool(reason))
        self.add_button.setEnabled(not reason)
        return not reason

    def _rename(self) -> None:
        """Another name: what version it makes is asked again, the bytes are known already."""
        if not self._check() or not self.name.isModified() or len(self._versions) != 1:
            return
        self.name.setModified(False)
        name = self.name.text().strip() or self._versions[0]["name"]
        digest = self._versions[0]["content_digest"]

        def question(registry: Registry) -> tuple[str | None, str]:
            try:
                same = registry.list_versions(name, f"digest:{digest}", limit=1)["versions"]
                latest = registry.list_versions(name, limit=1)["versions"][0]["tag"]
            except NotFound:
                return None, "v1"
            return (same[0]["tag"] if same else None), f"v{int(latest[1:]) + 1}"

        def show(answer: tuple[str | None, str]) -> None:
            tag, next_tag = answer
            self._versions[0].update(name=name, tag=tag, next_tag=next_tag, created=tag is None)
            self._draw()

        self._bridge.ask(question, show, self._explain)

    def _add(self) -> None:
        if not self._check():
            return
        if self._progress is not None:
            self._progress.cancel()
        self._bridge.enqueue(
            "add",
            {
                "paths": [p.hex() for p in self._paths],
                "name": self.name.text().strip() or None,
                "each": self.each.isChecked(),
                "note": self.note.text().strip(),
                "title": self._title.text().removeprefix("Add "),
            },
        )
        self.closed.emit()


def _cell(text: str) -> QStandardItem:
    item = QStandardItem(text)
    item.setFont(font(12))
    return item
