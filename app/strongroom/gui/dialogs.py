"""The system's own dialogs for choosing files and folders."""

from __future__ import annotations

from PySide6.QtWidgets import QFileDialog, QWidget


def choose_files(parent: QWidget, where: str) -> list[str]:
    """Paths of the chosen files; none if the dialog was left."""
    return QFileDialog.getOpenFileNames(parent, "Add files", where)[0]


def choose_folder(parent: QWidget, title: str, where: str) -> str:
    """The chosen folder's path, or ""."""
    return QFileDialog.getExistingDirectory(parent, title, where)


def choose_new_file(parent: QWidget, title: str, path: str) -> str:
    """The path of a file to be written, or ""; the dialog asks before one is replaced."""
    return QFileDialog.getSaveFileName(parent, title, path)[0]
