"""Which part of the scene a canvas shows, how large, and how that changes: at once or gliding."""

from __future__ import annotations

from PySide6.QtCore import QEasingCurve, QObject, QPointF, QRectF, QVariantAnimation, Signal
from PySide6.QtWidgets import QWidget

SMALLEST, LARGEST = 0.02, 2.5
_MARGIN = 40
#: Held free at the foot for what stands over the canvas there.
_FOOT = 40
_GLIDE_MS = 140
Where = tuple[float, QPointF]


class View(QObject):
    """`zoom` in pixels a unit; `corner` is the scene's point at the widget's top left. `covered`:
    pixels at the right that something else lies over. `moved`: another part is in sight.
    """

    moved = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self.zoom, self.corner, self.covered = 1.0, QPointF(0, 0), 0
        #: Until a person moves it, a fitted view is fitted again when the widget's size changes.
        self.is_fitted = True
        self._glide = QVariantAnimation(self, duration=_GLIDE_MS)
        self._glide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._glide.setStartValue(0.0)
        self._glide.setEndValue(1.0)
        self._glide.valueChanged.connect(self._glided)
        self._from: Where = (1.0, QPointF())
        self._to: Where = (1.0, QPointF())

    # ------------------------------------------------------------------ scene and screen

    def in_sight(self) -> QRectF:
        """The part of the scene that the widget has room for."""
        size = QPointF(self._widget.width(), self._widget.height())
        return QRectF(self.corner, size / self.zoom + self.corner)

    def to_scene(self, at: QPointF) -> QPointF:
        return self.corner + at / self.zoom

    def to_screen(self, at: QPointF) -> QPointF:
        return (at - self.corner) * self.zoom

    def _middle(self) -> QPointF:
        """Of what is not covered, on the screen."""
        return QPointF(self._widget.width() - self.covered, self._widget.height()) / 2

    # ------------------------------------------------------------------ moving

    def fit(self, box: QRectF, at_once: bool = False) -> None:
        """All of the box in sight, never larger than life."""
        width, height = self._widget.width() - self.covered, self._widget.height() - _FOOT
        zoom = min(
            1.0,
            max(1, width - 2 * _MARGIN) / box.width(),
            max(1, height - 2 * _MARGIN) / box.height(),
        )
        zoom = max(SMALLEST, zoom)
        self._go((zoom, box.center() - QPointF(width, height) / 2 / zoom), at_once)
        self.is_fitted = True

    def zoom_by(self, factor: float, around: QPointF | None = None) -> None:
        """`around` is a point on the screen that stays; None: the middle."""
        around = around or self._middle()
        zoom, corner = self._aim()
        fixed = corner + around / zoom
        wanted = min(LARGEST, max(SMALLEST, zoom * factor))
        self._go((wanted, fixed - around / wanted))

    def centre(self, at: QPointF) -> None:
        """A point of the scene in the middle."""
        zoom, _ = self._aim()
        self._go((zoom, at - self._middle() / zoom))

    def look_at(self, at: QPointF) -> None:
        """A point of the scene in the middle, at once: for the small map."""
        self._go((self.zoom, at - self._middle() / self.zoom), at_once=True)

    def bring(self, box: QRectF) -> None:
        """Moves as little as needed to have the box in sight."""
        zoom, corner = self._aim()
        room = QPointF(self._widget.width() - self.covered, self._widget.height()) / zoom
        seen = QRectF(corner, corner + room)
        if not seen.contains(box):
            right, low = box.right() - seen.right(), box.bottom() - seen.bottom()
            shift = QPointF(
                min(box.left() - seen.left(), max(0.0, right)),
                min(box.top() - seen.top(), max(0.0, low)),
            )  # what does not fit shows its beginning
            self._go((zoom, corner + shift))

    def move_by(self, pixels: QPointF) -> None:
        """What is seen goes along with a hand or a wheel."""
        self._go((self.zoom, self.corner - pixels / self.zoom), at_once=True)

    def follow(self, shift: QPointF) -> None:
        """The scene was laid out anew, and what shall stay on the screen moved by `shift`."""
        self._glide.stop()
        self.corner += shift
        if not shift.isNull():
            self.is_fitted = False
        self.moved.emit()

    def stop(self) -> None:
        """Where it is just now it stays."""
        self._glide.stop()

    def _aim(self) -> Where:
        """Where it is, or where it glides to."""
        gliding = self._glide.state() != QVariantAnimation.State.Stopped
        return self._to if gliding else (self.zoom, self.corner)

    def _go(self, to: Where, at_once: bool = False) -> None:
        self.is_fitted = False
        self._glide.stop()
        self._from, self._to = (self.zoom, self.corner), to
        if at_once or not self._widget.isVisible():
            self._glided(1.0)
        else:
            self._glide.start()

    def _glided(self, share: float) -> None:
        (zoom0, corner0), (zoom1, corner1) = self._from, self._to
        self.zoom = zoom0 + (zoom1 - zoom0) * share
        if zoom0 == zoom1:
            self.corner = corner0 + (corner1 - corner0) * share
        else:  # the point that both have in common stays where it is
            part = (zoom1 / self.zoom) * (self.zoom - zoom0) / (zoom1 - zoom0)
            self.corner = corner0 + (corner1 - corner0) * part
        self.moved.emit()
