"""Pictures of two versions against each other, worked out on a reading thread.

Pixels come from the decoding process (`gui/decode.py`); what is done here with them takes memory
by their size alone, which that process bounds.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from strongroom.domain.errors import StrongroomError
from strongroom.gui.decode import decode
from strongroom.services.registry import Registry

#: Pixels of a side of a thumbnail.
THUMBNAIL = 220
Place = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Difference:
    """`image` shows the differences, so much stronger by `gain` that the largest is full; `share`
    of the pixels differ, by up to `largest` of 255.
    """

    image: QImage
    share: float
    largest: int
    gain: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two pictures, None for one that is not there; `difference` where both are."""

    first: QImage | None
    second: QImage | None
    difference: Difference | None

    @property
    def size(self) -> QSize:
        """Of a canvas that holds both."""
        found = QSize()
        for image in (self.first, self.second):
            if image is not None:
                found = found.expandedTo(image.size())
        return found


def read(registry: Registry, place: Place) -> QImage:
    """A version's picture; raises `StrongroomError` where it cannot be shown."""
    found = registry.preview(place["ref"], place["path"])
    if found["kind"] != "image":
        why = found["reason"] or "it is no picture of a kind that is shown"
        raise StrongroomError("the picture cannot be shown", f"{place['path']}: {why}", "")
    picture = decode(base64.b64decode(found["data"]), found["format"])
    return QImage(
        picture.pixels,
        picture.width,
        picture.height,
        picture.width * 4,
        QImage.Format.Format_RGBA8888_Premultiplied,
    ).copy()


def thumbnail(registry: Registry, place: Place) -> QImage:
    image = read(registry, place)
    if max(image.width(), image.height()) <= THUMBNAIL:
        return image
    return image.scaled(
        THUMBNAIL,
        THUMBNAIL,
        Qt.AspectRatioMode.KeepAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


def pair(registry: Registry, first: Place | None, second: Place | None) -> Pair:
    """Both, and what differs between them; raises `StrongroomError`."""
    images = [read(registry, place) if place is not None else None for place in (first, second)]
    a, b = images
    return Pair(a, b, difference(a, b) if a is not None and b is not None else None)


def difference(a: QImage, b: QImage) -> Difference:
    """Pixel by pixel over a canvas that holds both; a pixel that only one has differs."""
    import numpy as np

    wide, high = max(a.width(), b.width()), max(a.height(), b.height())
    canvas = np.zeros((2, high, wide, 4), np.int16)
    for n, image in enumerate((a, b)):
        canvas[n, : image.height(), : image.width()] = _pixels(image)
    gaps = np.abs(canvas[1] - canvas[0])
    both = np.zeros((high, wide), bool)
    both[: min(a.height(), b.height()), : min(a.width(), b.width())] = True
    differs = gaps.any(axis=2) | ~both
    largest = int(gaps.max(initial=0))
    gain = 255 / largest if largest else 1.0
    shown = np.full((high, wide, 4), 255, np.uint8)
    # an opacity that differs is a difference in all three colours
    shown[..., :3] = np.minimum(255, np.maximum(gaps[..., :3], gaps[..., 3:]) * gain)
    image = QImage(shown.tobytes(), wide, high, wide * 4, QImage.Format.Format_RGBA8888).copy()
    return Difference(image, float(differs.mean()), largest, gain)


def _pixels(image: QImage):  # type: ignore[no-untyped-def]
    import numpy as np

    whole = image.convertToFormat(QImage.Format.Format_RGBA8888)
    lines = np.frombuffer(whole.constBits(), np.uint8)
    lines = lines.reshape(whole.height(), whole.bytesPerLine())[:, : whole.width() * 4]
    return lines.reshape(whole.height(), whole.width(), 4)
