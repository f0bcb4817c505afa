"""What may be compared: how a run is named beside versions, and how many stand side by side."""

from __future__ import annotations

#: Before a run's id, where a reference could stand.
RUN = "run:"
FEWEST, MOST = 2, 8
