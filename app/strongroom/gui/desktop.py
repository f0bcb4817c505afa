"""What is handed to the desktop around the window."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices


def open_folder(path: str) -> None:
    """Shows a folder in the file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(path))
