"""The comparison as PDF: the tables, bars and drawings of the HTML report, painted on A4 pages.

Made on a reading thread: fonts, pictures in memory and PDF devices may be used there.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPageLayout, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgRenderer

from strongroom import __version__
from strongroom.domain.errors import StrongroomError
from strongroom.gui.compare import drawings
from strongroom.gui.compare.drawings import HOTTEST, TONES
from strongroom.gui.compare.grid import Cell, Column, Grid
from strongroom.gui.compare.report import Content, footer, subject_rows
from strongroom.gui.theme import font as window_font
from strongroom.gui.theme import mono

#: Dots an inch of the page as it is painted, and of the device: so texts are placed finely.
_DPI, _FINE = 96, 12
_MARGIN_MM, _LINE, _PAD, _WIDEST = 12, 16.0, 5.0, 300.0
_BAR, _SMALLEST = 52.0, 0.45
_TEXT, _FAINT, _RULE = "#1A1F2B", "#606A7C", "#E3E6EC"
_WRAP = Qt.TextFlag.TextWrapAnywhere | Qt.AlignmentFlag.AlignTop
_MEASURED = 400
#: Curves take this much of the page's width, and so much of that in height; what a table's first
#: column gets of room that is left.
_CURVES_WIDE, _CURVES_HIGH, _LEFT_OVER = 0.9, drawings.CURVES[1] / drawings.CURVES[0], 220.0


@functools.cache
def font(size: int, weight: int = 400) -> QFont:
    """As the window's, without its figures of equal width: as text these are no figures."""
    made = QFont(window_font(size, weight))
    made.clearFeatures()
    return made


def pages(content: Content) -> bytes:
    """The whole document; raises `StrongroomError` where it cannot be painted."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setPageLayout(
        QPageLayout(
            QPageSize(QPageSize.PageSizeId.A4),
            QPageLayout.Orientation.Landscape,
            QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM),
            QPageLayout.Unit.Millimeter,
        )
    )
    writer.setResolution(_DPI * _FINE)
    writer.setTitle(content.title)
    writer.setCreator(f"Strongroom {__version__}")
    painter = QPainter()
    if not painter.begin(writer):
        raise StrongroomError("the report cannot be painted", "", "write it as HTML")
    try:
        painter.scale(_FINE, _FINE)
        area = QRectF(0, 0, writer.width() / _FINE, writer.height() / _FINE)
        _Paper(writer, painter, area, content).fill()
    finally:
        painter.end()
    return bytes(buffer.data().data())


class _Paper:
    """Where on which page the next line comes; begins a page where there is no room left."""

    def __init__(
        self, writer: QPdfWriter, painter: QPainter, area: QRectF, content: Content
    ) -> None:
        self._writer, self._painter, self._content = writer, painter, content
        self._wide, self._high = area.width(), area.height() - 2 * _LINE
        self._y, self._page = 0.0, 1
        self._foot = footer(content, datetime.now(UTC))

    def fill(self) -> None:
        content = self._content
        self._say(content.title, font(20, 600), _TEXT, 28)
        heads = tuple(Column(t) for t in ("Here", "Reference", "Run", "Created", ""))
        rows = [tuple(map(Cell, row)) for row in subject_rows(content)]
        self._table(Grid(heads, tuple(rows)))
        for section in content.sections:
            self._y += 14
            has_curves = section.title == "Curves" and content.curve is not None
            self._need(90 + (self._wide * _CURVES_WIDE * _CURVES_HIGH if has_curves else 0))
            self._say(section.title, font(15, 600), _TEXT, 22)
            self._say(section.state, font(12), _FAINT, _LINE)
            if has_curves:
                self._curves()
            for grid in section.grids:
                self._grid(grid)
        self._end_page()

    # ------------------------------------------------------------------ pages

    def _need(self, height: float) -> bool:
        """Room for so much, on the next page if not on this one; whether that was begun."""
        if self._y + height <= self._high or self._y == 0:
            return False
        self._end_page()
        self._writer.newPage()
        self._page += 1
        self._y = 0.0
        return True

    def _end_page(self) -> None:
        painter = self._painter
        painter.setFont(font(11))
        painter.setPen(QColor(_FAINT))
        area = QRectF(0, self._high + _LINE / 2, self._wide, _LINE)
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft, self._foot)
        painter.drawText(area, Qt.AlignmentFlag.AlignRight, str(self._page))

    def _say(self, text: str, fnt: QFont, colour: str, height: float) -> None:
        if not text:
            return
        whole = self._text_height(text, fnt, self._wide, height)
        self._need(whole)
        self._painter.setFont(fnt)
        self._painter.setPen(QColor(colour))
        flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignTop
        self._painter.drawText(QRectF(0, self._y, self._wide, whole), flags, text)
        self._y += whole

    @staticmethod
    def _text_height(text: str, fnt: QFont, width: float, least: float) -> float:
        metrics = QFontMetricsF(fnt)
        if metrics.horizontalAdvance(text) <= width and "\n" not in text:
            return least
        box = metrics.boundingRect(QRectF(0, 0, max(1.0, width), 1e6), int(_WRAP), text)
        return max(least, box.height() + least - metrics.height())

    # ------------------------------------------------------------------ drawings

    def _drawing(self, svg: str, size: tuple[int, int], width: float) -> None:
        height = width * size[1] / size[0]
        self._need(height)
        QSvgRenderer(QByteArray(svg.encode())).render(
            self._painter, QRectF(0, self._y, width, height)
        )
        self._y += height + 4

    def _curves(self) -> None:
        assert self._content.curve is not None
        drawn = drawings.curves(*self._content.curve, self._content.names)
        if drawn is None:
            self._say("None of its values is finite.", font(12), _FAINT, _LINE)
            return
        painter, x = self._painter, 0.0
        for text, colour in ((drawn.title, _TEXT), *drawn.legend):
            painter.setFont(mono())
            painter.setPen(QColor(colour))
            painter.drawText(QRectF(x, self._y, self._wide, _LINE), 0, text)
            x += QFontMetricsF(mono()).horizontalAdvance(text) + 18
        self._y += _LINE + 2
        self._drawing(drawn.svg, drawings.CURVES, self._wide * _CURVES_WIDE)

    # ------------------------------------------------------------------ tables

    def _grid(self, grid: Grid) -> None:
        if grid.title:
            self._y += 6
            self._need(3 * _LINE)
            self._say(grid.title, mono(12, 600), _TEXT, _LINE + 2)
        self._say(grid.caption, font(12), _FAINT, _LINE)
        counts = ", ".join(f"{p.word} {p.count}" for p in grid.parts if p.count)
        self._say(counts, font(12), _FAINT, _LINE)
        if grid.chart is not None:
            self._drawing(drawings.chart(grid.chart), drawings.CHART, 420)
        if grid.rows:
            self._table(grid)
        for note in grid.notes:
            self._say(note, font(12), _FAINT, _LINE)

    def _table(self, grid: Grid) -> None:
        """What is too wide is made smaller, and beyond that wrapped; nothing is cut."""
        widths = _widths(grid)
        scale = max(_SMALLEST, min(1.0, self._wide / sum(widths)))
        room = self._wide / scale
        if sum(widths) > room:
            widths = [w * room / sum(widths) for w in widths]
        elif not any(c.code for c in grid.columns):
            widths[0] += min(_LEFT_OVER, room - sum(widths))
        self._head(grid, widths, scale)
        for row in grid.rows:
            height = max(
                _row_height(cell, column, width)
                for cell, column, width in zip(row, grid.columns, widths, strict=True)
            )
            if self._need(height * scale):
                self._head(grid, widths, scale)
            self._row(row, grid.columns, widths, height, scale)

    def _head(self, grid: Grid, widths: Sequence[float], scale: float) -> None:
        if any(column.title for column in grid.columns):
            self._need(3 * _LINE)
            cells = tuple(Cell(c.title, faint=True) for c in grid.columns)
            columns = tuple(Column("", right=c.right, mono=False) for c in grid.columns)
            height = max(map(_row_height, cells, columns, widths))
            self._row(cells, columns, widths, height, scale)

    def _row(
        self,
        row: Sequence[Cell],
        columns: Sequence[Column],
        widths: Sequence[float],
        height: float,
        scale: float,
    ) -> None:
        painter = self._painter
        painter.save()
        painter.translate(0, self._y)
        painter.scale(scale, scale)
        x = 0.0
        for cell, column, width in zip(row, columns, widths, strict=True):
            _paint_cell(painter, QRectF(x, 0, width, height), cell, column)
            x += width
        if not any(column.code for column in columns):
            painter.fillRect(QRectF(0, height - 0.7, sum(widths), 0.7), QColor(_RULE))
        painter.restore()
        self._y += height * scale


def _font(cell: Cell, column: Column) -> QFont:
    weight = 600 if cell.bold else 400
    return mono(11, weight) if column.mono or cell.chip else font(12, weight)


def _ahead(cell: Cell) -> float:
    """Room for bars in front of the text."""
    return (_BAR + 6) * (bool(cell.bars) + (cell.share is not None))


def _note_width(cell: Cell) -> float:
    return QFontMetricsF(mono(11)).horizontalAdvance(cell.note) + 6 if cell.note else 0.0


def _widths(grid: Grid) -> list[float]:
    found = []
    for at, column in enumerate(grid.columns):
        cells = [row[at] for row in grid.rows[:_MEASURED]]
        held = max(
            (
                QFontMetricsF(_font(c, column)).horizontalAdvance(c.text)
                + _ahead(c)
                + _note_width(c)
                for c in cells
            ),
            default=0.0,
        )
        title = QFontMetricsF(font(12)).horizontalAdvance(column.title)
        most = 900.0 if column.code else _WIDEST
        found.append(min(most, max(held, title)) + 2 * _PAD + 2)
    return found


def _row_height(cell: Cell, column: Column, width: float) -> float:
    room = width - 2 * _PAD - _ahead(cell) - _note_width(cell)
    least = _LINE - 2 if column.code else _LINE + 4
    return _Paper._text_height(cell.text, _font(cell, column), room, least)


def _paint_cell(painter: QPainter, area: QRectF, cell: Cell, column: Column) -> None:
    tone = TONES.get(cell.tone)
    if cell.heat is not None:
        colour = QColor((tone or TONES["indigo"])[2])
        colour.setAlphaF(HOTTEST * max(0.0, min(1.0, cell.heat)))
        painter.fillRect(area, colour)
    if cell.chip and tone:
        painter.fillRect(area.adjusted(1, 1, -1, -2), QColor(tone[1]))
    inside = area.adjusted(_PAD, 2, -_PAD, 0)
    if cell.bars:
        box = QRectF(inside.x(), inside.y() - 1, _BAR, 16)
        QSvgRenderer(QByteArray(drawings.bars(cell).encode())).render(painter, box)
        inside.setLeft(inside.left() + _BAR + 6)
    if cell.share is not None:
        track = QRectF(inside.x(), inside.y() + 5, _BAR, 6)
        painter.fillRect(track, QColor("#F1F3F7"))
        track.setWidth(_BAR * max(0.0, min(1.0, cell.share)))
        painter.fillRect(track, QColor((tone or TONES["indigo"])[2]))
        inside.setLeft(inside.left() + _BAR + 6)
    side = Qt.AlignmentFlag.AlignRight if column.right else Qt.AlignmentFlag.AlignLeft
    note = _note_width(cell)
    painter.setFont(_font(cell, column))
    colour = QColor(tone[0] if tone and cell.chip else _FAINT if cell.faint else _TEXT)
    painter.setPen(colour)
    text = inside.adjusted(0, 0, -note, 0)
    painter.drawText(text, int(_WRAP | side), cell.text)
    if cell.note:
        painter.setFont(mono(11))
        painter.setPen(QColor((tone or TONES["grey"])[0]))
        shown = QFontMetricsF(_font(cell, column)).horizontalAdvance(cell.text)
        beside = inside if column.right else inside.adjusted(shown + 6, 0, 0, 0)
        painter.drawText(beside, int(Qt.AlignmentFlag.AlignTop | side), cell.note)
