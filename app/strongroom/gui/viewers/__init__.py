"""What shows each kind of preview: one module a viewer, in a table."""

from __future__ import annotations

from collections.abc import Callable

from strongroom.gui.viewers.hex import HexViewer
from strongroom.gui.viewers.image import ImageViewer
from strongroom.gui.viewers.table import TableViewer
from strongroom.gui.viewers.tensors import TensorsViewer
from strongroom.gui.viewers.text import TextViewer
from strongroom.gui.viewers.viewer import Document, Given, Viewer

#: Kind of a preview's document → its viewer.
VIEWERS: dict[str, Callable[[Given, Document], Viewer]] = {
    "text": TextViewer,
    "table": TableViewer,
    "tensors": TensorsViewer,
    "image": ImageViewer,
    "binary": HexViewer,
}
