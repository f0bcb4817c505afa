"""The sheet: looks at what was dropped, lets it be put right, and hands it to the worker."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLineEdit, QProgressBar, QWidget

from strongroom.domain.errors import NotFound, StrongroomError, printable
from strongroom.domain.names import check_name
from strongroom.domain.quantities import size_text
from strongroom.gui.add_sheet.rows import Item, arranged, changes, items_of, tags, with_item
from strongroom.gui.add_sheet.table import ItemsTable
from strongroom.gui.bridge import Bridge
from strongroom.gui.jobs import progress_text, share
from strongroom.gui.overlay import Sheet
from strongroom.gui.pieces import (
    Button,
    CheckBox,
    Choice,
    Icon,
    IconButton,
    column,
    frame,
    label,
    row,
)
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.wording import plural, sentence, value_text
from strongroom.services.progress import Progress
from strongroom.services.registry import Registry

#: How a folder becomes versions: `AddOptions.split`, or each file by itself.
_SPLITS = (
    ("runs", "Grouped by run"),
    ("whole", "Each folder as one version"),
    ("each", "Each file by itself"),
)


class AddSheet(Sheet):
    """`watch(path)` is called where a dropped folder shall be watched from now on."""

    def __init__(
        self,
        bridge: Bridge,
        theme: Theme,
        paths: Sequence[bytes],
        watch: Callable[[bytes], object],
    ) -> None:
        super().__init__(1080, 640)
        self._bridge, self._theme, self._paths = bridge, theme, list(paths)
        self._start_watching = watch
        self._progress: Progress | None = None
        self._looking = object()
        self._items: list[Item] = []
        layout = column(1, 14, 1, 14)
        layout.addLayout(self._head())
        layout.addWidget(frame("rule"))
        self.table = ItemsTable(theme, bridge)
        self.model = self.table.items
        self.model.decided.connect(self._decide)
        layout.addWidget(self.table, 1)
        layout.addWidget(frame("rule"))
        layout.addLayout(self._options())
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
        head.addWidget(Icon(self._theme, "package-plus", "accent_text", 20))
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
        self._bar.setAccessibleName("How much was looked at")
        head.addWidget(self._bar)
        self._amount = label("", "second", mono(11))
        head.addWidget(self._amount)
        head.addWidget(IconButton(self._theme, "x", "Close (Esc)", self.leave))
        return head

    def _options(self) -> Any:
        options = column(20, 12, 20, 8, spacing=8)
        fields = row(spacing=16)
        self.note = QLineEdit()
        self.note.setPlaceholderText("optional, kept with each version")
        self.note.setAccessibleName("Note")
        one = column(spacing=4)
        caption = label("Note for all of it", "", font(12, 600))
        caption.setBuddy(self.note)
        one.addWidget(caption)
        one.addWidget(self.note)
        fields.addLayout(one, 2)
        self._split_box = QWidget()
        two = column(spacing=4)
        self.split = Choice(self._theme, _SPLITS)
        self.split.setAccessibleName("Folders become")
        two.addWidget(label("Folders become", "", font(12, 600)))
        two.addWidget(self.split)
        self._split_box.setLayout(two)
        self._split_box.hide()
        self.split.currentIndexChanged.connect(lambda _: self._look())
        fields.addWidget(self._split_box, 1)
        options.addLayout(fields)
        self.wrong = label("", "bad", font(12))
        self.wrong.setWordWrap(True)
        self.wrong.hide()
        options.addWidget(self.wrong)
        self.watch = CheckBox(self._theme, "Watch this folder from now on")
        self.watch.setToolTip("What is written there later comes in by itself")
        self.watch.hide()
        options.addWidget(self.watch, 0, Qt.AlignmentFlag.AlignLeft)
        return options

    def _buttons(self) -> Any:
        buttons = row(20, 4, 20, 0, spacing=10)
        self._hint = label("Space ticks, F2 renames, K changes the kind", "caption", font(12))
        buttons.addWidget(self._hint)
        buttons.addStretch(1)
        self._sum = label("", "", font(13, 600))
        self._new = label("", "second", mono())
        buttons.addWidget(self._sum)
        buttons.addWidget(self._new)
        buttons.addSpacing(6)
        buttons.addWidget(Button(self._theme, "Cancel", "", "", self.leave))
        self.add_button = Button(self._theme, "Add", "plus", "primary", self._add)
        self.add_button.setEnabled(False)
        buttons.addWidget(self.add_button)
        return buttons

    # ------------------------------------------------------------------ looking

    def _look(self) -> None:
        """Reads what would be made; a look that is under way is given up."""
        if self._progress is not None:
            self._progress.cancel()
        self._items = []
        self.table.show_rows([], {})
        self._bar.show()
        self._sum.setText("")
        self._new.setText("")
        self.wrong.hide()
        self.add_button.setEnabled(False)
        self.add_button.setToolTip("Still looking at it")
        each, split = self._how()
        paths = self._paths

        def look(registry: Registry, progress: Progress) -> tuple[int, dict[str, Any]]:
            from strongroom.services.add import AddOptions

            folders = sum(os.path.isdir(p) for p in paths)
            options = AddOptions(each=each, split=split)
            return folders, registry.add(paths, options, progress, dry_run=True)

        self._looking = looking = object()

        def show(answer: tuple[int, dict[str, Any]]) -> None:
            if self._looking is looking:  # else what was asked before was on its way already
                self._show(answer)

        def explain(error: StrongroomError) -> None:
            if self._looking is looking:
                self._explain(error)

        self._progress = self._bridge.ask_slowly(look, show, explain, self._advance)

    def _how(self) -> tuple[bool, str]:
        """`each` and `split` of `AddOptions`."""
        chosen = self.split.currentData()
        return (True, "layouts") if chosen == "each" else (False, chosen)

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
        self._split_box.setVisible(folders > 0)
        self.watch.setVisible(folders == len(self._paths) == 1)
        self._items = items_of(found["versions"])
        self._bar.hide()
        size = sum(item.size for item in self._items)
        self._amount.setText(f"All looked at, {size_text(size)}")
        self._under.setText("Grouped by what was found. Put right what looks wrong, then add.")
        self._draw()
        if self.focusWidget() is None or self.focusWidget() is self:
            self.add_button.setFocus()

    def _draw(self) -> None:
        made = tags(self._items)
        self.table.show_rows(arranged(self._items), made)
        going = [item for item in self._items if item.goes_in]
        wrong = next((item.wrong for item in self._items if item.wrong and item.wanted), "")
        self.wrong.setText(sentence(wrong))
        self.wrong.setVisible(bool(wrong))
        files = sum(item.files for item in going)
        if going:
            self._sum.setText(f"{plural(files, 'file')} into {plural(len(going), 'version')}")
            self._new.setText(f"{size_text(sum(item.size for item in going))} new")
        else:
            self._sum.setText("Nothing to add")
            self._new.setText("")
        text = f"Add {plural(len(going), 'version')}" if going else "Add"
        self.add_button.setText(text)
        self.add_button.setEnabled(bool(going) and not wrong)
        known = bool(self._items) and all(not item.is_new for item in self._items)
        why = "All of it is stored already" if known else "Nothing is ticked"
        self.add_button.setToolTip("" if going else why)

    def _explain(self, error: StrongroomError) -> None:
        if error.code == "cancelled":
            return
        self._bar.hide()
        self._amount.setText("")
        self._under.setText("This cannot be added as it is.")
        self.wrong.setText(sentence(str(error)))
        self.wrong.show()
        self.add_button.setEnabled(False)

    # ------------------------------------------------------------------ deciding

    def _decide(self, item: Item, change: dict[str, Any]) -> None:
        if "name" in change:
            self._rename(item, change["name"])
        else:
            self._items = with_item(self._items, item.key, **change)
            self._draw()

    def _rename(self, item: Item, name: str) -> None:
        """Another name: what version it makes is asked again, the bytes are known already."""
        try:
            check_name(name)
        except StrongroomError as error:
            wrong = f"{error.what}: {error.hint}"
            self._items = with_item(self._items, item.key, name=name, wrong=wrong)
            self._draw_soon()
            return
        digest, looking = item.digest, self._looking
        # It holds at once, new until it is known better: Add may be pressed before the answer.
        self._items = with_item(self._items, item.key, name=name, wrong="", tag=None, wanted=True)
        self._draw_soon()

        def question(registry: Registry) -> tuple[str | None, int]:
            try:
                same = registry.list_versions(name, f"digest:{digest}", limit=1)["versions"]
                latest = registry.list_versions(name, limit=1)["versions"][0]["tag"]
            except NotFound:
                return None, 1
            return (same[0]["tag"] if same else None), int(latest[1:]) + 1

        def show(answer: tuple[str | None, int]) -> None:
            tag, next_n = answer
            now = next((one for one in self._items if one.key == item.key), None)
            if self._looking is looking and now is not None and (now.name, now.wrong) == (name, ""):
                self._items = with_item(self._items, item.key, tag=tag, next_n=next_n)
                self._draw()

        self._bridge.ask(question, show, self._explain)

    def _draw_soon(self) -> None:
        """Not while the editor that a name was typed in is still there: its row would go."""
        QTimer.singleShot(0, self, self._draw)

    def _add(self) -> None:
        if not any(item.goes_in for item in self._items):
            return
        each, split = self._how()
        self._bridge.enqueue(
            "add",
            {
                "paths": [p.hex() for p in self._paths],
                "each": each,
                "split": split,
                "changes": changes(self._items),
                "note": self.note.text().strip(),
                "title": self._title.text().removeprefix("Add "),
            },
        )
        watch = self.watch.isChecked() and self.watch.isVisible()
        root = self._paths[0]
        self.closed.emit()
        if watch:
            self._start_watching(root)
