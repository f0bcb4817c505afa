"""Writing the graph that is shown to a file: as a picture, or for another tool."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from strongroom.disk.durable import told
from strongroom.gui.lineage.picture import png, svg
from strongroom.gui.lineage.shown import Shown
from strongroom.gui.theme import Colours
from strongroom.services.lineage_formats import FORMATS as TEXTS

#: Format → how it is called, and the suffix of its files.
FORMATS: dict[str, tuple[str, str]] = {
    "svg": ("SVG picture", "svg"),
    "png": ("PNG picture", "png"),
    "dot": ("Graphviz DOT", "dot"),
    "mermaid": ("Mermaid", "mmd"),
    "prov": ("W3C PROV-JSON", "prov.json"),
    "openlineage": ("OpenLineage events", "jsonl"),
}


def write(
    form: str,
    place: str,
    shown: Shown,
    ways: Sequence[tuple[str, str, str]],
    colours: Colours,
) -> None:
    """Pictures show what is on the canvas, the other formats all that was asked for.

    Blocks: not for the window's thread. Raises `StrongroomError`.
    """
    if form in TEXTS:
        data = TEXTS[form](shown.document).encode()
    else:
        drawing = svg(shown.graph, shown.placed, ways, colours)
        data = png(drawing) if form == "png" else drawing.encode()
    path = Path(place)
    with told("exporting the graph", path):
        path.write_bytes(data)
