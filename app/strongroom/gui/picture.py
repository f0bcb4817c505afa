"""A picture of the window without a screen: opened, waited for, saved, closed."""

from __future__ import annotations

import sys
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from strongroom.domain.errors import StrongroomError
from strongroom.gui.session import Session

_WAIT_MS = 20_000
_STILL_MS = 900


def take_picture(
    app: QApplication, session: Session, place: str, file: Path, size: str, create: bool
) -> int:
    """Saves the window with its first version selected as PNG; 0, or 1 if it could not be."""
    window = session.make(place, create)
    bridge = session.bridge
    assert bridge is not None
    window.leaving.forced = True
    width, _, height = size.partition("x")
    window.resize(int(width), int(height))
    window.show()
    done = []

    def save() -> None:
        done.append(window.grab().save(str(file)))
        window.close()
        app.quit()

    def loaded() -> None:
        window.library.focus_list()
        QTimer.singleShot(_STILL_MS, save)

    def failed(error: StrongroomError) -> None:
        print(f"strongroom: {error}", file=sys.stderr)
        save()

    window.page.model.loaded.connect(loaded)
    bridge.failed.connect(failed)
    QTimer.singleShot(_WAIT_MS, save)
    bridge.start()
    app.exec()
    if not done or not done[0]:
        print(f"strongroom: the picture could not be saved: {file}", file=sys.stderr)
        return 1
    return 0
