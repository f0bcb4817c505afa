"""Where versions that are dragged from the list may be let go to be compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from strongroom.gui.drag_out import dragged_references

_REST_MS = 600


class ReferenceDrop(QObject):
    """Makes `on` take versions; `hovered` is called when they rest over it for a while."""

    def __init__(
        self,
        on: QWidget,
        taken: Callable[[Sequence[str]], object],
        hovered: Callable[[], object] = lambda: None,
    ) -> None:
        super().__init__(on)
        self._taken = taken
        self._rest = QTimer(self, singleShot=True, interval=_REST_MS)
        self._rest.timeout.connect(lambda: hovered())
        on.setAcceptDrops(True)
        on.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QDropEvent):  # of which entering and moving are kinds
            references = dragged_references(event.mimeData())
            if not references:
                return False
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            if isinstance(event, QDragEnterEvent):
                self._rest.start()
            elif not isinstance(event, QDragMoveEvent):
                self._rest.stop()
                self._taken(references)
            return True
        if event.type() == QEvent.Type.DragLeave:
            self._rest.stop()
        return False
