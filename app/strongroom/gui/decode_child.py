"""The limited child's side of `decode`: one picture from stdin, its pixels on stdout, then it ends.

Reads nothing but the formats of `FORMATS`, each by its own decoder; never SVG, which is active.
"""

from __future__ import annotations

import contextlib
import sys
from typing import Any

FORMATS = ("png", "jpeg", "gif", "bmp", "webp")
#: Pixels of a side of what comes back; a larger picture is made smaller.
LARGEST = 3000
_MEMORY = 2 << 30
_ALLOCATION_MIB = 256
_SECONDS = 20


def main(kind: str) -> None:
    from strongroom.services.inspection_child import drop_network

    drop_network()  # before Qt: a process with threads can no longer leave its name space
    from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
    from PySide6.QtGui import QImage, QImageReader

    data = QByteArray(sys.stdin.buffer.read())
    _limit()
    QImageReader.setAllocationLimit(_ALLOCATION_MIB)
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer, QByteArray(kind.encode()))
    reader.setAutoDetectImageFormat(False)
    reader.setAutoTransform(True)
    size = reader.size()
    image = reader.read()
    out = sys.stdout.buffer
    if image.isNull():
        out.write(f"cannot: {reader.errorString()}\n".encode())
        return
    if not size.isValid():
        size = image.size()
    if max(image.width(), image.height()) > LARGEST:
        image = image.scaled(
            LARGEST,
            LARGEST,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
    image = image.convertToFormat(QImage.Format.Format_RGBA8888_Premultiplied)
    out.write(f"{image.width()} {image.height()} {size.width()} {size.height()}\n".encode())
    for line in range(image.height()):
        row: Any = image.constScanLine(line)
        out.write(bytes(row)[: image.width() * 4])
    out.flush()


def _limit() -> None:
    import resource

    for what, limit in (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, _SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (limit, limit))
