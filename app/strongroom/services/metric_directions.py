"""Which way a metric is better in this registry, where the table of known names is not right."""

from __future__ import annotations

from strongroom.catalog import catalog
from strongroom.domain.entry import Draft
from strongroom.domain.errors import BadInput
from strongroom.domain.metrics import HIGHER, LOWER
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments


@act("metric.find")
def directions(desk: Desk) -> dict[str, str]:
    """`{name: "higher" | "lower"}` of the metrics that somebody has decided on."""
    return catalog.metric_directions(desk.engine)


@act("metric.direct")
def direct(desk: Desk, name: str, direction: str | None) -> dict[str, str]:
    """Says which way `name` is better; None: as the table of known names has it."""
    if not name.strip() or len(name) > 255:
        raise BadInput("a metric's name has 1 to 255 characters", name[:80], "name the metric")
    if direction not in (HIGHER, LOWER, None):
        raise BadInput("better is higher or lower", str(direction), "choose one of the two")
    with desk.recording(StoredDocuments(desk.store)) as recorder:
        recorder.write(
            Draft("metric.directed", {"type": "metric", "name": name}, {"direction": direction})
        )
    return directions(desk)
