"""Pictures of two versions against each other, worked out on a reading thread.

Pixels come from the decoding process (`gui/decode.py`); what is done here with them takes memory
by their size alone, which that process bounds.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, overload

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from strongroom.domain.errors import StrongroomError
from strongroom.gui.decode import decode
from strongroom.services.registry import Registry

#: Pixels of a side of a thumbnail, and of a picture that is shown large: painting more takes time.
THUMBNAIL, SHOWN = 220, 1400
_FAST = QImage.Format.Format_ARGB32_Premultiplied
_BAND = 128
Place = Mapping[str, str]

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
    """Two pictures, None for one that is not there; `difference` where both are. They may be
    smaller than what was decoded, all by the same; `sizes` are those that they had.
    """

    first: QImage | None
    second: QImage | None
    difference: Difference | None
    sizes: tuple[QSize, QSize]

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
    ).convertToFormat(_FAST)


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
    a, b = (read(registry, place) if place is not None else None for place in (first, second))
    gap = difference(a, b) if a is not None and b is not None else None
    sizes = tuple(one.size() if one is not None else QSize() for one in (a, b))
    sides = [side for size in sizes for side in (size.width(), size.height())]
    factor = min(1.0, SHOWN / max(1, *sides))
    if gap is not None:
        gap = replace(gap, image=_smaller(gap.image, factor))
    return Pair(_smaller(a, factor), _smaller(b, factor), gap, (sizes[0], sizes[1]))


@overload
def _smaller(image: QImage, factor: float) -> QImage: ...
@overload
def _smaller(image: None, factor: float) -> None: ...
def _smaller(image: QImage | None, factor: float) -> QImage | None:
    if image is None or factor >= 1:
        return image
    return image.scaled(
        max(1, round(image.width() * factor)),
        max(1, round(image.height() * factor)),
        Qt.AspectRatioMode.IgnoreAspectRatio,
        Qt.TransformationMode.SmoothTransformation,
    )


def difference(a: QImage, b: QImage) -> Difference:
    """Pixel by pixel over a canvas that holds both; a pixel that only one has differs."""
    import numpy as np

    wide, high = max(a.width(), b.width()), max(a.height(), b.height())
    first, second = _pixels(a), _pixels(b)
    gaps = np.zeros((high, wide, 3), np.uint8)
    count = 0
    for top in range(0, high, _BAND):  # whole ones would take hundreds of megabytes
        band = np.zeros((2, min(_BAND, high - top), wide, 5), np.int16)
        for n, pixels in enumerate((first, second)):
            part = pixels[top : top + _BAND]
            band[n, : part.shape[0], : part.shape[1], :4] = part
            band[n, : part.shape[0], : part.shape[1], 4] = 1  # a picture is there
        gap = np.abs(band[1] - band[0])
        count += int(np.count_nonzero(gap.any(axis=2)))
        # an opacity that differs is a difference in all three colours
        gaps[top : top + _BAND] = np.maximum(gap[..., :3], gap[..., 3:4])
    largest = int(gaps.max(initial=0))
    gain = 255 / largest if largest else 1.0
    table = np.minimum(255, np.arange(256) * gain).astype(np.uint8)
    shown = table[gaps]
    image = QImage(shown.tobytes(), wide, high, wide * 3, QImage.Format.Format_RGB888)
    return Difference(image.convertToFormat(_FAST), count / (wide * high), largest, gain)


def _pixels(image: QImage) -> NDArray[np.uint8]:
    import numpy as np

    whole = image.convertToFormat(QImage.Format.Format_RGBA8888)
    lines = np.frombuffer(whole.constBits(), np.uint8).copy()
    lines = lines.reshape(whole.height(), whole.bytesPerLine())[:, : whole.width() * 4]
    return lines.reshape(whole.height(), whole.width(), 4)
