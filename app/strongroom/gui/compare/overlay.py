"""Curves of several runs as one plot; needs numpy, so it is loaded with the first curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strongroom.gui.compare.grid import Names
from strongroom.gui.runs.traces import Doubles, Group, Trace, trace_of
from strongroom.services.curves import Columns

_NONE = np.empty(0)


def group(
    name: str,
    curves: Sequence[Columns | None],
    epochs: Sequence[Columns | None] | None,
    names: Names,
) -> Group:
    """A trace for each subject, empty where it has no such curve: colours stay with subjects.

    Times count from each run's own beginning. With `epochs` the steps are epochs, by what the run
    says of its epoch at each step; a run that says nothing of it has no place there.
    """
    made = []
    for at, columns in enumerate(curves):
        called = names.short[at]
        if columns is None or not len(columns.values):
            made.append(Trace(called, _NONE, _NONE, _NONE, 0))
            continue
        trace = trace_of(called, columns)
        if epochs is not None:
            steps = _epochs(trace.steps, epochs[at])
            if steps is None:
                made.append(Trace(called, _NONE, _NONE, _NONE, 0))
                continue
            trace = Trace(called, steps, trace.elapsed, trace.values, trace.whole)
        made.append(trace)
    return Group(name, tuple(made))


def _epochs(steps: Doubles, epochs: Columns | None) -> Doubles | None:
    if epochs is None or not len(epochs.values):
        return None
    known = trace_of("", epochs)
    sound = np.isfinite(known.values)
    if not sound.any():
        return None
    return np.interp(steps, known.steps[sound], np.maximum.accumulate(known.values[sound]))
