"""The style sheet that a set of colours makes. Widgets say what they are by the property `look`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from strongroom.gui.theme import Colours


def stylesheet(c: Colours) -> str:
    """All rules; cards and words of a tone say which by the property `tone`."""
    return _rules(c) + "".join(
        f'QFrame[look="toned"][tone="{name}"] {{ background: {tone.fill};'
        f" border: 1px solid {tone.edge}; border-radius: 8px; }}\n"
        f'QLabel[look="tone-words"][tone="{name}"] {{ color: {tone.text}; }}\n'
        for name, tone in c.tones.items()
    )


def _rules(c: Colours) -> str:
    return f"""
QMainWindow, QDialog {{ background: {c.window}; }}
QToolTip {{ background: {c.panel}; color: {c.text}; border: 1px solid {c.line3};
    padding: 0 2px; }}
QLabel {{ color: {c.text}; background: transparent; }}
QLabel[look="second"] {{ color: {c.text2}; }}
QLabel[look="caption"] {{ color: {c.text3}; }}
QLabel[look="bad"] {{ color: {c.tones["red"].text}; }}
QLabel[look="better"] {{ color: {c.tones["green"].text}; }}
QLabel[look="worse"] {{ color: {c.tones["red"].text}; }}
QLabel[look="link"] {{ color: {c.accent_text}; }}
QLabel[look="key"] {{ color: {c.text2}; background: {c.panel}; border: 1px solid {c.line3};
    border-radius: 4px; padding: 0 5px; min-height: 20px; max-height: 20px; }}
QLabel[look="count"] {{ color: {c.text2}; background: {c.sunken}; border-radius: 9px;
    padding: 0 6px; min-height: 18px; max-height: 18px; }}

QFrame[look="sidebar"] {{ background: {c.sidebar}; border: 0; border-right: 1px solid {c.line}; }}
QFrame[look="topbar"] {{ background: {c.panel}; border: 0; border-bottom: 1px solid {c.line}; }}
QFrame[look="subnav"] {{ background: {c.panel2}; border: 0; border-right: 1px solid {c.line}; }}
QFrame[look="page"] {{ background: {c.panel}; border: 0; }}
QFrame[look="ground"] {{ background: {c.window}; border: 0; }}
QFrame[look="strip"] {{ background: {c.panel2}; border: 0; border-top: 1px solid {c.line}; }}
QFrame[look="footer"] {{ background: {c.panel2}; border: 0; border-top: 1px solid {c.line}; }}
QFrame[look="sheet-footer"] {{ background: {c.panel2}; border: 0; border-top: 1px solid {c.line};
    border-bottom-left-radius: 11px; border-bottom-right-radius: 11px; }}
QFrame[look="panel"] {{ background: {c.panel}; border: 0; border-left: 1px solid {c.line}; }}
QFrame[look="card"] {{ background: {c.panel}; border: 1px solid {c.line}; border-radius: 8px; }}
QFrame[look="card"][chosen="true"] {{ border: 1px solid {c.accent}; }}
QFrame[look="card"]:focus {{ border: 2px solid {c.accent}; }}
QFrame[look="target"] {{ background: {c.panel}; border: 2px dashed {c.line3};
    border-radius: 8px; }}
QFrame[look="well"] {{ background: {c.panel2}; border: 1px solid {c.line}; border-radius: 6px; }}
QFrame[look="sheet"] {{ background: {c.panel}; border: 1px solid {c.line3}; border-radius: 12px; }}
QFrame[look="rule"] {{ background: {c.line}; border: 0; max-height: 1px; min-height: 1px; }}
QFrame[look="rule-upright"] {{ background: {c.line}; border: 0; max-width: 1px; min-width: 1px; }}
QFrame[look="news"] {{ background: {c.accent_soft}; border: 0;
    border-bottom: 1px solid {c.accent_line}; }}
QFrame[look="fault"] {{ background: {c.tones["red"].fill}; border: 1px solid
    {c.tones["red"].edge}; border-radius: 8px; }}
QFrame[look="fault-bar"] {{ background: {c.tones["red"].fill}; border: 0;
    border-bottom: 1px solid {c.tones["red"].edge}; }}
QFrame[look="banner"] {{ background: {c.tones["amber"].fill}; border: 0;
    border-bottom: 1px solid {c.tones["amber"].edge}; }}
QFrame[look="banner"] QLabel {{ color: {c.tones["amber"].text}; }}
QFrame[look="warning"] {{ background: {c.tones["amber"].fill}; border: 1px solid
    {c.tones["amber"].edge}; border-radius: 6px; }}
QFrame[look="warning"] QLabel {{ color: {c.tones["amber"].text}; }}

QPushButton {{ background: {c.panel}; color: {c.text}; border: 1px solid {c.line3};
    border-radius: 6px; padding: 0 12px; min-height: 30px; font-weight: 500; }}
QPushButton, QToolButton, QCheckBox, QComboBox {{ outline: 0; }}
QPushButton[keyed="true"] {{ text-align: left; }}
QPushButton:hover {{ background: {c.panel2}; }}
QPushButton:pressed {{ background: {c.sunken}; }}
QPushButton:focus {{ border: 2px solid {c.accent}; padding: 0 11px; min-height: 28px; }}
QPushButton:disabled {{ background: {c.sunken}; color: {c.textoff}; border-color: {c.line}; }}
QPushButton[look="primary"] {{ background: {c.accent_fill}; color: #FFFFFF;
    border-color: {c.accent_fill}; font-weight: 600; }}
QPushButton[look="primary"]:hover {{ background: {c.accent_hover};
    border-color: {c.accent_hover}; }}
QPushButton[look="primary"]:focus {{ border: 2px solid {c.text}; }}
QPushButton[look="primary"]:disabled {{ background: {c.sunken}; color: {c.textoff};
    border-color: {c.line}; }}
QPushButton[look="danger"] {{ color: {c.tones["red"].text}; border-color: {c.tones["red"].edge}; }}
QPushButton[look="ghost"], QToolButton {{ background: transparent; border: 0; color: {c.text2};
    border-radius: 6px; padding: 0 6px; min-height: 26px; }}
QPushButton[look="ghost"]:hover, QToolButton:hover {{ background: {c.sunken}; color: {c.text}; }}
QPushButton[look="ghost"]:checked {{ background: {c.accent_soft}; color: {c.accent_text}; }}
QPushButton[look="ghost"]:focus, QToolButton:focus {{ border: 2px solid {c.accent};
    padding: 0 4px; min-height: 22px; }}
QLineEdit QToolButton {{ min-height: 0; padding: 0; border: 0; }}
QToolButton::menu-indicator {{ image: none; width: 0; }}

QPushButton[look="toggle"] {{ background: transparent; border: 0; color: {c.text2};
    border-radius: 6px; padding: 0 6px; min-height: 26px; font-size: 12px; }}
QPushButton[look="toggle"]:checked {{ color: {c.text}; }}
QPushButton[look="toggle"]:hover {{ background: {c.sunken}; }}
QPushButton[look="toggle"]:focus {{ border: 2px solid {c.accent}; padding: 0 4px;
    min-height: 22px; }}
QFrame[look="track"] {{ background: {c.sunken}; border: 0; border-radius: 7px; }}
QPushButton[look="segment"] {{ background: transparent; border: 1px solid transparent;
    border-radius: 6px; color: {c.text2}; padding: 0 10px; min-height: 26px; }}
QPushButton[look="segment"]:checked {{ background: {c.panel}; color: {c.text};
    border: 1px solid {c.line3}; font-weight: 600; }}
QPushButton[look="segment"]:focus {{ border: 2px solid {c.accent}; padding: 0 9px;
    min-height: 24px; }}
QPushButton[look="link"] {{ background: transparent; border: 0; color: {c.accent_text};
    border-radius: 4px; padding: 0 6px; min-height: 24px; font-weight: 600; }}
QPushButton[look="link"]:hover {{ background: {c.accent_soft}; }}
QPushButton[look="link"]:focus {{ border: 2px solid {c.accent}; padding: 0 4px;
    min-height: 20px; }}
QPushButton[look="inline"] {{ background: transparent; border: 1px solid transparent; padding: 0;
    color: {c.accent_text}; min-height: 18px; border-radius: 3px; font-weight: 500;
    text-align: left; }}
QPushButton[look="inline"]:hover {{ text-decoration: underline; }}
QPushButton[look="inline"]:focus {{ border: 1px solid {c.accent}; padding: 0; min-height: 18px; }}
QPushButton[look="inline"]:disabled {{ color: {c.text2}; background: transparent;
    border-color: transparent; }}

QPushButton[look="nav"] {{ background: transparent; border: 0; border-radius: 6px; color: {c.text};
    text-align: left; padding: 0 10px; min-height: 30px; font-weight: 500; }}
QPushButton[look="nav"]:hover {{ background: {c.sunken}; }}
QPushButton[look="nav"]:checked {{ background: {c.accent_soft}; color: {c.accent_text};
    font-weight: 600; }}
QPushButton[look="nav"]:focus {{ border: 2px solid {c.accent}; padding: 0 8px; min-height: 26px; }}
QPushButton[look="brand"] {{ background: transparent; border: 0; border-radius: 6px; padding: 0;
    min-height: 52px; max-height: 52px; }}
QPushButton[look="brand"]:hover {{ background: {c.sunken}; }}
QPushButton[look="brand"]:focus {{ border: 2px solid {c.accent}; min-height: 48px;
    max-height: 48px; padding: 0; }}
QPushButton[look="source"] {{ background: transparent; border: 0; border-radius: 6px;
    color: {c.text2}; text-align: left; padding: 0 6px; min-height: 22px; font-weight: 400; }}
QPushButton[look="source"]:hover {{ background: {c.sunken}; color: {c.text}; }}
QPushButton[look="source"]:focus {{ border: 2px solid {c.accent}; padding: 0 4px;
    min-height: 18px; }}
QPushButton[look="strip"] {{ background: transparent; border: 0; border-radius: 4px;
    color: {c.text2}; padding: 0 6px; min-height: 22px; font-weight: 400; }}
QPushButton[look="strip"]:hover {{ background: {c.sunken}; color: {c.text}; }}
QPushButton[look="strip"]:focus {{ border: 2px solid {c.accent}; padding: 0 4px;
    min-height: 18px; }}
QPushButton[look="strip"][state="bad"] {{ color: {c.tones["red"].text}; font-weight: 600; }}
QPushButton[look="strip"][state="warn"] {{ color: {c.tones["amber"].text}; font-weight: 600; }}

QPushButton[look="tab"] {{ background: transparent; border: 0; border-bottom: 2px solid transparent;
    border-radius: 0; color: {c.text2}; padding: 0 1px; min-height: 38px; font-weight: 500; }}
QPushButton[look="tab"]:hover {{ color: {c.text}; }}
QPushButton[look="tab"]:checked {{ color: {c.accent_text}; border-bottom: 2px solid {c.accent};
    font-weight: 600; }}
QPushButton[look="tab"]:focus {{ border: 2px solid {c.accent}; border-radius: 4px;
    padding: 0 0 2px 0; min-height: 34px; }}

QLineEdit, QPlainTextEdit, QComboBox {{ background: {c.panel}; color: {c.text};
    border: 1px solid {c.line3}; border-radius: 6px; padding: 0 8px; min-height: 30px;
    selection-background-color: {c.accent_fill}; selection-color: #FFFFFF;
    placeholder-text-color: {c.text3}; }}
QPlainTextEdit {{ padding: 4px 6px; }}
QLineEdit:focus, QPlainTextEdit:focus, QComboBox:focus {{ border: 2px solid {c.accent};
    padding: 0 7px; min-height: 28px; }}
QToolButton[look="mode"] {{ color: {c.text2}; background: transparent; border: 0;
    padding: 0 4px; min-height: 22px; max-height: 22px; font-size: 12px; font-weight: 500; }}
QToolButton[look="mode"]:hover {{ background: {c.sunken}; }}
QLabel[floats="true"] {{ background: {c.tones["red"].fill}; color: {c.tones["red"].text};
    border: 1px solid {c.tones["red"].edge}; border-radius: 6px; padding: 5px 9px; }}
QListWidget[look="completion"] {{ background: {c.panel}; border: 1px solid {c.line3};
    border-radius: 6px; padding: 4px; }}
QListWidget[look="completion"]::item {{ padding: 0 8px; }}
QLineEdit[look="bare"], QLineEdit[look="bare"]:focus {{ border: 0; padding: 0; min-height: 34px;
    background: transparent; }}
QLineEdit[look="cell"], QLineEdit[look="cell"]:focus {{ border: 2px solid {c.accent};
    border-radius: 4px; padding: 0 5px; min-height: 24px; }}
QPlainTextEdit[look="reader"], QPlainTextEdit[look="reader"]:focus {{ border: 0; padding: 0;
    border-radius: 0; }}
QLineEdit:disabled {{ background: {c.sunken}; color: {c.textoff}; border-color: {c.line}; }}
QLineEdit[wrong="true"] {{ border-color: {c.tones["red"].solid}; }}
QComboBox::drop-down {{ border: 0; width: 22px; }}
QListWidget::item {{ padding: 6px 10px; border-radius: 4px; }}
QListWidget::item:selected {{ background: {c.accent_soft}; color: {c.accent_text}; }}
QListView[look="links"] {{ color: {c.accent_text}; }}
QListView[look="links"]::item {{ color: {c.accent_text}; padding: 0 11px; min-height: 28px;
    max-height: 28px; }}
QTableView[look="pairs"]::item {{ padding: 0 11px; border-bottom: 1px solid {c.line2}; }}
QListView[look="links"]::item:hover {{ background: {c.panel2}; }}
QListView[look="links"]::item:selected {{ background: {c.selected}; color: {c.accent_text}; }}
QListView[look="links"]:focus, QTableView[look="pairs"]:focus {{
    border: 1px solid {c.accent}; }}
QPlainTextEdit[look="log"] {{ border: 0; border-radius: 0; background: {c.panel2};
    padding: 6px 8px; }}
QPlainTextEdit[look="log"]:focus {{ border: 1px solid {c.accent}; padding: 5px 7px; }}
QFrame[look="plot"] {{ background: {c.panel}; border: 1px solid {c.line}; border-radius: 8px; }}
QFrame[look="bare-plot"] {{ background: {c.panel}; border: 0; border-radius: 8px; }}
QFrame[look="bare-plot"]:focus {{ border: 1px solid {c.accent}; }}
QTableView[look="grid"] {{ border-bottom-left-radius: 8px; border-bottom-right-radius: 8px; }}
QTableView[look="grid"]:focus {{ border: 1px solid {c.accent}; }}
QTableView[look="grid"] QHeaderView::section:first {{ padding-left: 14px; }}
QFrame[look="slot"] {{ background: {c.panel}; border: 2px dashed {c.line3}; border-radius: 8px; }}
QFrame[look="plot"]:focus {{ border: 2px solid {c.accent}; }}
QSlider::groove:horizontal {{ height: 4px; border-radius: 2px; background: {c.line3}; }}
QSlider::sub-page:horizontal {{ border-radius: 2px; background: {c.accent}; }}
QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -5px 0; border-radius: 7px;
    background: {c.panel}; border: 1px solid {c.accent}; }}
QSlider:focus {{ border: 1px solid {c.accent}; border-radius: 4px; }}
QTableView[look="plain"]::item {{ padding: 0 5px; border-bottom: 1px solid {c.line2}; }}
QComboBox QAbstractItemView, QMenu {{ background: {c.panel}; color: {c.text};
    border: 1px solid {c.line3}; padding: 4px; selection-background-color: {c.accent_soft};
    selection-color: {c.accent_text}; outline: 0; }}
QMenu::item {{ padding: 6px 28px 6px 10px; border-radius: 4px; }}
QMenu::item:selected {{ background: {c.accent_soft}; color: {c.accent_text}; }}
QMenu::item:disabled {{ color: {c.text3}; }}
QMenu::separator {{ height: 1px; background: {c.line}; margin: 4px 6px; }}
QMenu::icon {{ padding-left: 8px; }}
QCheckBox {{ color: {c.text}; spacing: 8px; }}
QCheckBox::indicator {{ width: 14px; height: 14px; border: 1px solid {c.line3};
    border-radius: 4px; background: {c.panel}; }}
QCheckBox::indicator:checked {{ background: {c.accent_fill}; border-color: {c.accent_fill}; }}
QCheckBox::indicator:disabled {{ background: {c.sunken}; border-color: {c.line}; }}
QCheckBox::indicator:focus {{ border: 2px solid {c.accent}; width: 12px; height: 12px; }}
QCheckBox:disabled {{ color: {c.textoff}; }}

QAbstractScrollArea {{ background: transparent; border: 0; }}
QAbstractScrollArea::corner {{ background: transparent; border: 0; }}
QScrollArea:focus {{ border: 1px solid {c.accent}; }}
QScrollArea > QWidget > QWidget {{ background: transparent; }}
QTableView, QListView, QTreeView {{ background: {c.panel}; border: 0; outline: 0;
    selection-background-color: {c.selected}; selection-color: {c.text}; }}
QTreeView[look="outline"] {{ show-decoration-selected: 1; }}
QTreeView[look="outline"]::item {{ padding: 0 8px; border-bottom: 1px solid {c.line2}; }}
QTreeView[look="outline"]::item:selected {{ background: {c.selected}; color: {c.text}; }}
QTreeView[look="outline"]::item:hover:!selected {{ background: {c.panel2}; }}
QTreeView[look="outline"]:focus {{ border: 1px solid {c.accent}; }}
QHeaderView {{ background: {c.panel2}; border: 0; }}
QHeaderView::section {{ background: {c.panel2}; color: {c.text2}; border: 0;
    border-bottom: 1px solid {c.line}; padding: 0 8px; font-weight: 500; font-size: 12px; }}
QHeaderView::section:first {{ padding-left: 16px; }}
QTableView[look="plain"] QHeaderView::section:vertical {{ color: {c.text3}; font-size: 11px;
    font-weight: 400; border: 0; padding: 0 8px; }}
QTableView[look="plain"] QTableCornerButton::section {{ background: {c.panel2}; border: 0;
    border-bottom: 1px solid {c.line}; }}
QTableView[look="plain"] QHeaderView::section:first {{ padding-left: 8px; }}
QHeaderView::up-arrow, QHeaderView::down-arrow {{ width: 0; height: 0; image: none; }}
QHeaderView::section:hover {{ color: {c.text}; }}
QTextBrowser {{ background: {c.panel}; color: {c.text}; border: 0; padding: 8px 16px; }}

QScrollBar:vertical {{ background: transparent; width: 10px; margin: 2px; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; margin: 2px; }}
QScrollBar::handle {{ background: {c.line3}; border-radius: 3px; min-height: 28px;
    min-width: 28px; }}
QScrollBar::handle:hover {{ background: {c.tones["grey"].solid}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

QProgressBar {{ background: {c.sunken}; border: 0; border-radius: 3px; max-height: 6px;
    min-height: 6px; }}
QProgressBar::chunk {{ background: {c.accent_fill}; border-radius: 3px; }}
QSplitter::handle {{ background: {c.line}; }}
"""
