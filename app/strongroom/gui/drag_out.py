"""Dragging versions out of the list: what is dropped elsewhere is a verified copy.

The copy is made in the background when a drag begins. If it is there while the button is still
down, the drag goes on with it; else the strip says that it is ready, and the next drag has it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QPoint, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from strongroom.domain.errors import StrongroomError
from strongroom.gui.bridge import Bridge
from strongroom.gui.file_looks import export_name
from strongroom.gui.handout import Handout, Wanted
from strongroom.gui.library.columns import reference
from strongroom.gui.library.table import VersionTable
from strongroom.gui.wording import plural
from strongroom.services.progress import Progress

#: References that are dragged within the window, one a line.
_REFERENCES = "application/x-strongroom-references"
#: More versions are not dragged at once.
MOST = 100


class DragOut(QObject):
    """Watches the list's mouse; `say(text)` tells what goes on. `start(source, paths,
    references)` drags."""

    def __init__(
        self,
        table: VersionTable,
        bridge: Bridge,
        say: Callable[[str], None],
        base: Path | None = None,
    ) -> None:
        super().__init__(table)
        self._table, self._bridge, self._say = table, bridge, say
        self.start: Callable[[QWidget, list[Path], list[str]], None] = start_drag
        self._handout = Handout(base)
        self._pressed: QPoint | None = None
        self._begun = False
        self._making: tuple[Wanted, ...] = ()
        self._progress: Progress | None = None
        table.viewport().installEventFilter(self)
        bridge.ready.connect(self._tidy)  # a lambda would keep the bridge for ever

    def _tidy(self) -> None:
        handout = self._handout
        self._bridge.ask(lambda registry: handout.clear_left_behind())

    def stop(self) -> None:
        """Ends a copy that is being made: the window closes."""
        if self._progress is not None:
            self._progress.cancel()

    def clear(self) -> None:
        """Removes the copies; after the bridge has stopped."""
        self._handout.clear()

    def clearing(self) -> Callable[[], None]:
        """As `clear`, for another thread and after this object is gone."""
        return self._handout.clear

    # ------------------------------------------------------------------ the mouse

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if not isinstance(event, QMouseEvent):
            return False
        if event.type() == QEvent.Type.MouseButtonPress:
            return self._press(event)
        if event.type() == QEvent.Type.MouseMove:
            return self._move(event)
        if event.type() == QEvent.Type.MouseButtonRelease:
            dragged, self._begun, self._pressed = self._begun, False, None
            self._table.viewport().unsetCursor()
            return dragged  # it would choose the one row below it
        return False

    def _press(self, event: QMouseEvent) -> bool:
        self._begun, self._pressed = False, None
        alone = event.modifiers() == Qt.KeyboardModifier.NoModifier
        at = event.position().toPoint()
        left = event.button() == Qt.MouseButton.LeftButton
        if left and alone and self._table.indexAt(at).isValid():
            self._pressed = at
        return False

    def _move(self, event: QMouseEvent) -> bool:
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return False
        far = (event.position().toPoint() - self._pressed).manhattanLength()
        if not self._begun and far >= QApplication.startDragDistance():
            self._begun = True
            self._begin()
        return True  # no row is chosen by drawing over it

    # ------------------------------------------------------------------ the copy

    def _begin(self) -> None:
        versions = self._table.selected_versions()
        if not versions:
            return
        if len(versions) > MOST:
            self._say(f"At most {MOST} versions can be dragged at once: use Export")
            return
        wanted = tuple((reference(v), export_name(v)) for v in versions)
        if wanted == self._making:
            return  # it is on its way from the drag before
        if self._progress is not None:
            self._progress.cancel()
        title = reference(versions[0]) if len(wanted) == 1 else plural(len(wanted), "version")
        self._making = wanted
        self._table.viewport().setCursor(Qt.CursorShape.BusyCursor)
        self._say(f"Making a verified copy of {title} …")
        self._progress = self._bridge.ask_slowly(
            lambda registry, progress: self._handout.copies(registry, wanted, progress),
            lambda paths: self._give(wanted, title, paths),
            lambda error: self._explain(wanted, error),
            lambda progress: None,
        )

    def _give(self, wanted: tuple[Wanted, ...], title: str, paths: list[Path]) -> None:
        if wanted == self._making:
            self._making, self._progress = (), None
        self._table.viewport().unsetCursor()
        # a drag has a loop of its own, which must not run inside the answer of the bridge
        QTimer.singleShot(0, self, lambda: self._hand_over(wanted, title, paths))

    def _hand_over(self, wanted: tuple[Wanted, ...], title: str, paths: list[Path]) -> None:
        if not self._begun:
            self._say(f"The copy of {title} is ready: drag it once more to hand it over")
            return
        self._say(f"Drop the copy of {title} where it shall go")
        self.start(self._table, paths, [ref for ref, _ in wanted])
        self._begun, self._pressed = False, None  # the drag took the button's release

    def _explain(self, wanted: tuple[Wanted, ...], error: StrongroomError) -> None:
        if wanted == self._making:
            self._making, self._progress = (), None
        self._table.viewport().unsetCursor()
        if error.code != "cancelled":
            self._bridge.problem.emit(error)


def dragged_references(data: QMimeData) -> list[str]:
    """Versions that are dragged from the list."""
    if not data.hasFormat(_REFERENCES):
        return []
    return bytes(data.data(_REFERENCES).data()).decode().split("\n")


def start_drag(source: QWidget, paths: list[Path], references: list[str]) -> None:
    """Drags files until they are dropped or Esc is pressed; only a copy is offered. Within the
    window the `references` count.
    """
    data = QMimeData()
    data.setData(_REFERENCES, "\n".join(references).encode())
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    drag = QDrag(source)
    drag.setMimeData(data)
    drag.exec(Qt.DropAction.CopyAction)
