"""Where Tab goes: in reading order of what is seen, whenever it was made.

Not along `nextInFocusChain`: that is the order of making, and PySide takes what it returns for a
child of the widget it was asked of, and forgets it together with that one.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget


def step(regions: Iterable[QWidget], forward: bool) -> None:
    """Gives the keyboard to the next widget that Tab may reach, round and round."""
    stops = [one for region in regions if region.isVisible() for one in _stops_in(region)]
    if not stops:
        return
    now = QApplication.focusWidget()
    at = stops.index(now) if now in stops else (-1 if forward else 0)
    reason = Qt.FocusReason.TabFocusReason if forward else Qt.FocusReason.BacktabFocusReason
    stops[(at + (1 if forward else -1)) % len(stops)].setFocus(reason)


def _stops_in(region: QWidget) -> Iterator[QWidget]:
    """The widgets within `region` that Tab may reach, in reading order."""
    shown = [
        one
        for one in region.children()
        if isinstance(one, QWidget) and one.isVisible() and not one.isWindow()
    ]
    for one in sorted(shown, key=functools.cmp_to_key(_before)):
        if one.isEnabled():
            if one.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus:
                yield one
            yield from _stops_in(one)


def _before(one: QWidget, other: QWidget) -> int:
    """Negative if `one` is read first: what stands beside each other from the left, else from the
    top.
    """
    a, b = one.geometry(), other.geometry()
    beside = a.top() <= b.bottom() and b.top() <= a.bottom()
    return (a.left() - b.left()) if beside else (a.top() - b.top())
