"""TensorBoard event files: scalars over steps, hyperparameters of the hparams plugin."""

from __future__ import annotations

from typing import Any

from strongroom.domain.facts import Facts, Kind
from strongroom.extract.conventions import base
from strongroom.extract.curve import Curves, finals, series, thinning
from strongroom.extract.reader import Reader
from strongroom.formats.source import Source
from strongroom.formats.tfevents import Events, plausible, read_scalars

_MAX_TAGS = 5000


def fits(source: Source) -> bool:
    return "tfevents" in base(source.path) or plausible(source.head)


def read(source: Source) -> Facts:
    """Values are float32 in these files, so they differ from logged doubles in the 8th digit."""
    found = Events()
    curves = Curves()
    for scalar in read_scalars(source, found):
        if scalar.tag in curves or len(curves) < _MAX_TAGS:
            curves[scalar.tag].add(scalar.step, scalar.value, scalar.time)
    torn = (f"Reading ended early: {found.torn}.",) if found.torn else ()
    about: dict[str, Any] = {"records": found.records}
    if found.started_at is not None:
        about["started_at"], about["ended_at"] = found.started_at, found.ended_at
    return Facts(
        kind=Kind.METRICS,
        format="tensorboard",
        params=dict(found.hparams),
        metrics=finals(curves),
        series=series(curves),
        about=about,
        warnings=(*torn, *thinning(curves)),
    )


reader = Reader("tensorboard", 1, fits, read)
