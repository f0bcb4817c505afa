"""A picture, decoded in a process of its own; fit to the view or at its own size."""

from __future__ import annotations

import base64

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QLabel, QScrollArea, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.gui.bridge import Ticket
from strongroom.gui.decode import Picture, decode
from strongroom.gui.pieces import Button, column, frame, label, row
from strongroom.gui.theme import font
from strongroom.gui.viewers.viewer import Document, Given, Viewer


class ImageViewer(Viewer):
    def __init__(self, given: Given, document: Document) -> None:
        super().__init__()
        self._fits = True
        self.summary = document["format"].upper()
        self.picture: QPixmap | None = None
        self.shown = QLabel()
        self.shown.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.shown.setAccessibleName(f"Picture {given.path}")
        self.area = QScrollArea()
        self.area.setWidget(self.shown)
        self.area.setWidgetResizable(True)
        self.area.setAlignment(Qt.AlignmentFlag.AlignCenter)
        head = row(16, 8, 16, 8, spacing=6)
        self.fit = Button(given.theme, "Fit", "maximize", "ghost", lambda: self.zoom(True))
        self.fit.setToolTip("As large as the sheet (0)")
        self.fit.setShortcut("0")
        self.whole = Button(given.theme, "100 %", "zoom-in", "ghost", lambda: self.zoom(False))
        self.whole.setToolTip("One pixel of the picture is one of the screen (1)")
        self.whole.setShortcut("1")
        self.words = label("Decoding…", "caption", font(12))
        head.addWidget(self.fit)
        head.addWidget(self.whole)
        head.addStretch(1)
        head.addWidget(self.words)
        layout = column()
        layout.addLayout(head)
        layout.addWidget(frame("rule"))
        layout.addWidget(self.area, 1)
        self.setLayout(layout)
        data, kind = document["data"], document["format"]
        self._ticket: Ticket = given.bridge.ask(
            lambda registry: decode(base64.b64decode(data), kind),
            self._show,
            self._explain,
            slow=True,
        )

    def first_focus(self) -> QWidget:
        return self.area

    def copy(self) -> str:
        if self.picture is None:
            return "nothing yet"
        QGuiApplication.clipboard().setPixmap(self.picture)
        return "the picture"

    def leave(self) -> None:
        self._ticket.cancel()

    def zoom(self, fits: bool) -> None:
        self._fits = fits
        self._draw()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._draw()

    def _show(self, picture: Picture) -> None:
        image = QImage(
            picture.pixels,
            picture.width,
            picture.height,
            picture.width * 4,
            QImage.Format.Format_RGBA8888_Premultiplied,
        )
        self.picture = QPixmap.fromImage(image.copy())
        words = f"{picture.original[0]} × {picture.original[1]} pixels"
        if picture.original != (picture.width, picture.height):
            words += f", shown at {picture.width} × {picture.height}"
        self.words.setText(words)
        self._draw()

    def _explain(self, error: StrongroomError) -> None:
        self.words.setText("")
        self.shown.setText(f"{error.what[:1].upper()}{error.what[1:]}: {error.thing}\n{error.hint}")

    def _draw(self) -> None:
        if self.picture is None:
            return
        ratio = self.devicePixelRatioF()
        room = self.area.viewport().size() - QSize(32, 32)
        natural = self.picture.size() / ratio
        drawn = self.picture
        if self._fits and (natural.width() > room.width() or natural.height() > room.height()):
            drawn = self.picture.scaled(
                room * ratio,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
        drawn = QPixmap(drawn)
        drawn.setDevicePixelRatio(ratio)
        self.shown.setPixmap(drawn)
