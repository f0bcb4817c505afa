"""Which folders are runs, and what each run says: one module a tool, in a table of layouts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from strongroom.domain.facts import FileFacts, RunFacts
from strongroom.extract import read_file
from strongroom.extract.layouts import (
    dvc,
    huggingface,
    hydra,
    lightning,
    mlflow,
    notebooks,
    plain,
    tensorboard,
    trackers,
    ultralytics,
    wandb,
)
from strongroom.extract.layouts.layout import Layout
from strongroom.extract.layouts.paths import relative, within
from strongroom.formats.source import Source

__all__ = ["LAYOUTS", "RunFolder", "assign", "read_run"]

#: In order of precedence where two claim one folder.
LAYOUTS: tuple[Layout, ...] = (
    mlflow.layout,
    wandb.layout,
    hydra.layout,
    huggingface.trainer,
    lightning.layout,
    ultralytics.layout,
    dvc.layout,
    huggingface.pipeline,
    huggingface.model,
    plain.layout,
    trackers.layout,
    notebooks.layout,
    tensorboard.layout,
)

#: These hold other runs without swallowing them; every other layout owns all that lies below.
_OPEN = {plain.layout.name, dvc.layout.name}
#: These take single files of a folder and leave the rest to whom it may concern.
_BESIDE = {trackers.layout.name, notebooks.layout.name}


@dataclass(frozen=True, slots=True)
class RunFolder:
    """One run's folder ("" is the watched root) and its files, root-relative and sorted."""

    layout: Layout
    folder: str
    members: tuple[str, ...]

    def role_path(self, member: str) -> str:
        """A member's run-relative path, as the layout's functions take it."""
        return relative(self.folder, member)


def assign(paths: Iterable[str], layouts: Sequence[Layout] = LAYOUTS) -> list[RunFolder]:
    """The runs among all file paths below a watched root, sorted by folder.

    A folder that two layouts claim goes to the earlier one of the table. What lies inside a run
    belongs to it (TensorBoard files below a Trainer run, Lightning's version_N in a Hydra job);
    only a plain folder may hold further runs, and the watched root is no plain run if it does.
    A file has one run, but for notes without a role that several runs share.
    """
    known = sorted(set(paths))
    claims: dict[str, Layout] = {}
    for layout in layouts:
        for folder in layout.find(known):
            claims.setdefault(folder, layout)
    kept = _outermost(claims)
    if len(kept) > 1 and kept.get("") is plain.layout:
        del claims[""]  # and what it had swallowed stands for itself
        kept = _outermost(claims)
    taken: set[str] = set()
    runs = []
    for folder in sorted(kept, key=lambda f: (-f.count("/") - bool(f), f)):
        layout = kept[folder]
        mine = [p for p in layout.members(folder, known) if p not in taken]
        taken.update(
            p for p in mine if within(folder, p) or layout.role(relative(folder, p)) is not None
        )
        runs.append(RunFolder(layout, folder, tuple(sorted(mine))))
    return sorted(runs, key=lambda run: run.folder)


def _outermost(claims: dict[str, Layout]) -> dict[str, Layout]:
    """The claims that no claimed folder above them owns."""
    kept: dict[str, Layout] = {}
    for folder in sorted(claims, key=lambda f: (f.count("/") + bool(f), f)):
        inner = claims[folder]
        if not any(_owns(layout, above, inner, folder) for above, layout in _above(kept, folder)):
            kept[folder] = inner
    return kept


def _above(kept: dict[str, Layout], folder: str) -> list[tuple[str, Layout]]:
    parts = folder.split("/") if folder else []
    upper = ["/".join(parts[:n]) for n in range(len(parts))]
    return [(f, kept[f]) for f in upper if f in kept]


def _owns(layout: Layout, above: str, inner: Layout, folder: str) -> bool:
    place = relative(above, folder) + "/"
    if layout.name in _BESIDE:
        return layout.name == trackers.layout.name and place.startswith("mlruns/")
    if layout.name not in _OPEN:
        return True
    return plain.owns(place) if inner is tensorboard.layout else plain.owns_models(place)


def read_run(run: RunFolder, source: Callable[[str], Source]) -> RunFacts:
    """The facts of one run; `source(path)` gives a member by its root-relative path.

    Members that cannot be opened are left out with a warning. Paths in the result are run-relative.
    """
    sources: dict[str, Source] = {}
    facts: dict[str, FileFacts] = {}
    missing: list[str] = []
    for member in run.members:
        path = run.role_path(member)
        if not run.layout.wanted(path):
            continue
        try:
            found = source(member)
        except OSError as why:
            missing.append(f"{path} could not be opened: {why.strerror or 'no access'}.")
            continue
        sources[path] = replace(found, path=path)
        facts[path] = read_file(sources[path])
    read = run.layout.read(sources, facts)
    return replace(read, warnings=(*read.warnings, *missing)) if missing else read
