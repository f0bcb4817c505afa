"""The first bytes of a file, as offsets, hexadecimal digits and the characters they may be."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from strongroom.domain.quantities import size_text
from strongroom.gui.pieces import column, copy_text
from strongroom.gui.viewers.viewer import Document, Given, Viewer, reading_area

_WIDTH = 16


class HexViewer(Viewer):
    def __init__(self, given: Given, document: Document) -> None:
        super().__init__()
        data = bytes.fromhex(document["bytes"])
        self.area = reading_area("First bytes")
        self.area.setPlainText(dump(data))
        self.summary = f"The first {len(data)} bytes of {size_text(document['size'])}"
        if not data:
            self.summary = "The file is empty"
        layout = column()
        layout.addWidget(self.area)
        self.setLayout(layout)

    def first_focus(self) -> QWidget:
        return self.area

    def copy(self) -> str:
        chosen = self.area.textCursor().selection().toPlainText()
        copy_text(chosen or self.area.toPlainText())
        return "the selection" if chosen else "the bytes shown"


def dump(data: bytes) -> str:
    """`00000010  68 65 6c 6c 6f …  |hello…|`, sixteen bytes a line."""
    lines = []
    for at in range(0, len(data), _WIDTH):
        part = data[at : at + _WIDTH]
        digits = (
            " ".join(f"{b:02x}" for b in part[:8]) + "  " + " ".join(f"{b:02x}" for b in part[8:])
        )
        words = "".join(chr(b) if 32 <= b < 127 else "·" for b in part)
        lines.append(f"{at:08x}  {digits:<{_WIDTH * 3}}  {words}")
    return "\n".join(lines)
