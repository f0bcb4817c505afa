"""What a test found, a line a step: state, name, what was seen, how long it took."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QWidget

from strongroom.gui.pieces import Button, Icon, column, copy_text, frame, label, row, selectable
from strongroom.gui.theme import Theme, font, mono
from strongroom.gui.wording import plural

_STATES = {
    "ok": ("circle-check", "green", "passed"),
    "odd": ("triangle-alert", "amber", "to look at"),
    "bad": ("circle-x", "red", "failed"),
}


class CheckCard(QFrame):
    """`run`: the test is to be made (again). `mend`: what failed is to be mended as far as that
    can be done without a choice, and tested again.
    """

    def __init__(
        self,
        theme: Theme,
        title: str,
        hint: str,
        run: Callable[[], object],
        mend: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        self.setProperty("look", "card")
        self._theme, self._run, self._mends = theme, run, mend
        self._report = ""
        layout = column(0, 12, 0, 12)
        head = row(18, 0, 18, 10, spacing=10)
        head.addWidget(label(title, "", font(13, 600)))
        self.when = label(hint, "second", font(12))
        head.addWidget(self.when, 1)
        layout.addLayout(head)
        self._lines = column()
        layout.addLayout(self._lines)
        foot = row(18, 10, 18, 0, spacing=10)
        self._icon = Icon(theme, "circle-dashed", "text3", 15)
        self.sum = label("Not tested yet", "", font(13, 600))
        foot.addWidget(self._icon)
        foot.addWidget(self.sum)
        foot.addStretch(1)
        self.copy = Button(theme, "Copy report", "copy", "", lambda: copy_text(self._report))
        self.copy.setEnabled(False)
        self.copy.setToolTip("There is no report yet")
        foot.addWidget(self.copy)
        self.mend = Button(theme, "Mend", "wrench", "", self._press_mend)
        self.mend.setToolTip("Puts right what needs no choice of yours; what is stored stays")
        self.mend.hide()
        foot.addWidget(self.mend)
        self.button = Button(theme, "Test", "plug-zap", "", self._press)
        foot.addWidget(self.button)
        layout.addLayout(foot)
        self.setLayout(layout)

    def _press(self) -> None:
        self._begin("Testing…", self._run)

    def _press_mend(self) -> None:
        assert self._mends is not None
        self._begin("Mending…", self._mends)

    def _begin(self, what: str, work: Callable[[], object]) -> None:
        self.button.setEnabled(False)
        self.mend.setEnabled(False)
        self.sum.setText(what)
        self._icon.set_icon("loader-circle", "accent_text")
        work()

    def show_steps(self, steps: Sequence[Mapping[str, Any]]) -> None:
        """Steps as `Registry.try_place` gives them; `seconds` may be missing."""
        while item := self._lines.takeAt(0):
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        for step in steps:
            self._lines.addWidget(frame("rule"))
            self._lines.addWidget(self._line(step))
        self._lines.addWidget(frame("rule"))
        counts = {state: sum(s["state"] == state for s in steps) for state in _STATES}
        worst = next((s for s in ("bad", "odd", "ok") if counts[s]), "ok")
        icon, colour, _ = _STATES[worst]
        self._icon.set_icon(icon, colour)
        self.sum.setText(
            ", ".join(f"{counts[s]} {_STATES[s][2]}" for s in ("ok", "odd", "bad") if counts[s])
        )
        self._report = "\n".join(f"{s['state']:4} {s['name']}: {s['detail']}" for s in steps)
        took = sum(s.get("seconds", 0.0) for s in steps)
        self.when.setText(f"{plural(len(steps), 'step')}, {took:.1f} s")
        self.copy.setEnabled(True)
        self.copy.setToolTip("")
        self.mend.setVisible(self._mends is not None and worst == "bad")
        self.mend.setEnabled(True)
        self.button.setEnabled(True)
        self.button.setText("Test again")

    def show_failure(self, text: str) -> None:
        self.show_steps([{"state": "bad", "name": "The test could not be made", "detail": text}])

    def _line(self, step: Mapping[str, Any]) -> QWidget:
        line = QWidget()
        layout = row(18, 7, 18, 7, spacing=12)
        icon, colour, word = _STATES[step["state"]]
        mark = Icon(self._theme, icon, colour, 16)
        mark.setAccessibleName(word)
        layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        words = column(spacing=1)
        words.addWidget(label(step["name"], "", font(13, 500)))
        detail = selectable(label(step["detail"], "second", font(12)))
        detail.setWordWrap(True)
        words.addWidget(detail)
        layout.addLayout(words, 1)
        if "seconds" in step:
            took = label(f"{step['seconds'] * 1000:.0f} ms", "second", mono(11))
            layout.addWidget(took, 0, Qt.AlignmentFlag.AlignTop)
        line.setLayout(layout)
        return line
