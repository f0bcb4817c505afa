"""One editor a kind of setting; each gives its value and tells when it is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QLineEdit, QWidget

from strongroom.gui import dialogs
from strongroom.gui.pieces import Button, Choice, column, frame, label, row
from strongroom.gui.theme import Theme, font, mono
from strongroom.settings import FolderPath, Number, OneOf, Setting


class SettingField(QFrame):
    """A setting with its title, editor, unit and what it does. `changed` tells of every edit."""

    changed = Signal()

    def __init__(self, theme: Theme, setting: Setting, value: Any) -> None:
        super().__init__()
        self.setting, self._theme, self._saved = setting, theme, value
        layout = column(0, 2, 0, 10, spacing=4)
        head = row(spacing=8)
        head.addWidget(label(setting.title, "", font(13, 600)))
        self.state = label("", "caption", font(12))
        head.addWidget(self.state)
        if not setting.at_once:
            head.addWidget(frame("rule-upright"))
            head.addWidget(label("holds from the next start on", "caption", font(12)))
        head.addStretch(1)
        layout.addLayout(head)
        self._read: Callable[[], Any]
        self._write: Callable[[Any], object]
        layout.addWidget(self._editor())
        words = label(setting.description, "second", font(12))
        words.setWordWrap(True)
        layout.addWidget(words)
        self.wrong = label("", "bad", font(12))
        self.wrong.hide()
        layout.addWidget(self.wrong)
        self.setLayout(layout)
        self.show_value(value)

    def _editor(self) -> QWidget:
        makers: dict[type, Callable[[], QWidget]] = {
            Number: self._number, OneOf: self._choice, FolderPath: self._folder,
        }  # fmt: skip
        made = makers[type(self.setting.allowed)]()
        self.editor.setAccessibleName(self.setting.title)
        self.editor.setAccessibleDescription(self.setting.description)
        return made

    def _number(self) -> QWidget:
        self.editor: QWidget = QLineEdit()
        field = self.editor
        assert isinstance(field, QLineEdit)
        field.setFont(mono(13))
        field.setFixedWidth(140)
        field.textEdited.connect(lambda _: self._edited())
        self._read = lambda: _number_of(field.text())
        self._write = lambda value: field.setText(_text_of(value))
        return self._beside(field, self.setting.unit)

    def _choice(self) -> QWidget:
        allowed = self.setting.allowed
        assert isinstance(allowed, OneOf)
        choice = Choice(self._theme, list(zip(allowed.words, allowed.texts, strict=True)))
        choice.setFixedWidth(240)
        choice.activated.connect(lambda _: self._edited())
        self.editor = choice
        self._read = choice.currentData
        self._write = lambda value: choice.setCurrentIndex(max(0, choice.findData(value)))
        return self._beside(choice, "")

    def _folder(self) -> QWidget:
        field = QLineEdit()
        field.setFont(mono(12))
        field.setPlaceholderText("the platform's data folder")
        field.textEdited.connect(lambda _: self._edited())
        self.editor = field

        def choose() -> None:
            folder = dialogs.choose_folder(self, self.setting.title, field.text())
            if folder:
                field.setText(folder)
                self._edited()

        self._read = lambda: field.text().strip()
        self._write = lambda value: field.setText(str(value))
        box = QWidget()
        line = row(spacing=8)
        line.addWidget(field, 1)
        line.addWidget(Button(self._theme, "Choose…", "folder-open", "", choose))
        box.setLayout(line)
        return box

    def _beside(self, editor: QWidget, unit: str) -> QWidget:
        box = QWidget()
        line = row(spacing=8)
        line.addWidget(editor)
        line.addWidget(label(unit, "second"))
        line.addStretch(1)
        box.setLayout(line)
        return box

    # ------------------------------------------------------------------ the value

    @property
    def value(self) -> Any:
        """As typed; may be wrong."""
        return self._read()

    @property
    def problem(self) -> str:
        return self.setting.check(self.value)

    @property
    def is_changed(self) -> bool:
        return bool(self.value != self._saved)

    def show_value(self, value: Any) -> None:
        """What is in the file now."""
        self._saved = value
        self._write(value)
        self._mark()

    def discard(self) -> None:
        self.show_value(self._saved)

    def to_default(self) -> None:
        self._write(self.setting.default)
        self._edited()

    def _edited(self) -> None:
        self._mark()
        self.changed.emit()

    def _mark(self) -> None:
        problem = self.problem
        self.wrong.setText(f"It must be {problem}" if problem else "")
        self.wrong.setVisible(bool(problem))
        if self.is_changed:
            self.state.setText("changed")
        else:
            own = self._saved != self.setting.default
            self.state.setText("not the default" if own else "default")
        if self.editor.property("wrong") != bool(problem):
            self.editor.setProperty("wrong", bool(problem))
            self.editor.style().unpolish(self.editor)
            self.editor.style().polish(self.editor)


def _text_of(number: float) -> str:
    """All digits of it: what is shown is what is kept."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def _number_of(text: str) -> Any:
    """The number, or the text where it is none: the setting's check tells what is wrong."""
    try:
        number = float(text.replace(",", "."))
    except ValueError:
        return text
    return int(number) if number.is_integer() and "." not in text else number


def card(title: str) -> tuple[QFrame, Any]:
    """A card with a title, and the layout of what it holds."""
    made = frame("card")
    inside = column(18, 14, 18, 8, spacing=8)
    if title:
        inside.addWidget(label(title, "", font(15, 650)))
    made.setLayout(inside)
    return made, inside
