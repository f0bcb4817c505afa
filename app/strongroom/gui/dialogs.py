"""The system's own dialogs for choosing files and folders."""

from __future__ import annotations

import os
from collections.abc import Sequence

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget


def choose_files(parent: QWidget, where: str) -> list[str]:
    """Paths of the chosen files; none if the dialog was left."""
    return QFileDialog.getOpenFileNames(parent, "Add files", where)[0]


def choose_folder(parent: QWidget, title: str, where: str) -> str:
    """The chosen folder's path, or ""."""
    return QFileDialog.getExistingDirectory(parent, title, where)


def choose_new_file(parent: QWidget, title: str, path: str, kinds: Sequence[str] = ()) -> str:
    """The path of a file to be written, or ""; the dialog asks before one is replaced. `kinds` as
    `HTML (*.html)`, the first that of `path`: the chosen one's ending is given to a name without
    one, and to `path` if that was left as it is.
    """
    chosen, kind = QFileDialog.getSaveFileName(parent, title, path, ";;".join(kinds))
    if not chosen or not kinds:
        return chosen
    stem, ending = os.path.splitext(chosen)
    wanted = kind.rpartition("*")[2].rstrip(")")
    if ending and os.path.basename(chosen) != os.path.basename(path):
        return chosen
    named = stem + (wanted or ending)
    if named != chosen and os.path.exists(named):  # the dialog has asked about another name
        words = f"{os.path.basename(named)} is there already. Replace it?"
        if QMessageBox.question(parent, title, words) != QMessageBox.StandardButton.Yes:
            return ""
    return named
