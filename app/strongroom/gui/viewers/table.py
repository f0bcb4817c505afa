"""The first rows of a table."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from strongroom.gui.pieces import column, copy_text
from strongroom.gui.viewers.plain_table import PlainTable, RowsModel
from strongroom.gui.viewers.viewer import Document, Given, Viewer
from strongroom.gui.wording import count_text, plural


class TableViewer(Viewer):
    def __init__(self, given: Given, document: Document) -> None:
        super().__init__()
        rows, names = document["rows"], [c["name"] for c in document["columns"]]
        right = [at for at in range(len(names)) if _numbers([cells[at] for cells in rows[:100]])]
        self.model = RowsModel(names, rows, right=right)
        self.table = PlainTable("Rows", numbered=True)
        self.table.setModel(self.model)
        last = len(names) - 1  # numbers at the far right would stand alone
        self.table.fit(stretched=None if last in right or last > 8 else last)
        self.summary = f"{_rows_text(len(rows), document['total'])}, {plural(len(names), 'column')}"
        layout = column()
        layout.addWidget(self.table)
        self.setLayout(layout)

    def first_focus(self) -> QWidget:
        return self.table

    def copy(self) -> str:
        text, rows = self.table.copied()
        copy_text(text)
        return plural(rows, "row")


def _rows_text(shown: int, total: int | None) -> str:
    if total is None:
        return f"The first {count_text(shown)} rows"
    return (
        plural(total, "row")
        if total <= shown
        else (f"The first {count_text(shown)} of {count_text(total)} rows")
    )


def _numbers(cells: list[str]) -> bool:
    """Whether a column is one of numbers, which stand at the right."""
    filled = [cell for cell in cells if cell.strip()]
    return bool(filled) and all(_is_number(cell) for cell in filled)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
