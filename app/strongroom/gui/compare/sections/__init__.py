"""How each section of a comparison is shown. A section is one file and one line here."""

from __future__ import annotations

from dataclasses import dataclass

from strongroom.gui.compare.grid import Grids
from strongroom.gui.compare.sections import (
    config,
    curves,
    data,
    evaluation,
    files,
    images,
    metrics,
    tensors,
    values,
)


@dataclass(frozen=True, slots=True)
class View:
    """`name` is the service's section; `left`: its place where there are two columns; `slow`: it
    reads from files, maybe gigabytes, so it tells how far it is and can be cancelled.
    """

    name: str
    title: str
    grids: Grids
    left: bool
    nothing: str
    slow: bool = False


VIEWS: tuple[View, ...] = (
    View("metrics", "Metrics", metrics.grids, True, "None of them has a metric."),
    View("curves", "Curves", curves.grids, True, "None of them comes from a run with curves."),
    View("evaluation", "Evaluation", evaluation.grids, True,
         "None of them, nor their runs, has a confusion matrix, report or ROC curve in JSON.",
         slow=True),
    View("params", "Parameters", values.parameters, False, "None of them has a parameter."),
    View("tensors", "Tensors", tensors.grids, False,
         "None of them has tensors that can be read: safetensors and PyTorch checkpoints can.",
         slow=True),
    View("data", "Data", data.grids, False,
         "None of them has a table, or was made from one that is in this registry.", slow=True),
    View("images", "Images", images.grids, True, "None of them has a picture.", slow=True),
    View("config", "Config", config.grids, True,
         "None of them has a text or configuration file.", slow=True),
    View("environment", "Environment", values.environment, False,
         "Nothing is known of where they come from."),
    View("files", "Files", files.grids, False, "None of them has a file.", slow=True),
)  # fmt: skip
