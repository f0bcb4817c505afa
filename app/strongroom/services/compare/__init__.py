"""Comparing versions and runs, section by section. A section is one file and one line here."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.domain.errors import BadInput
from strongroom.services.access import act
from strongroom.services.compare import (
    config,
    curves,
    data,
    environment,
    evaluation,
    files,
    images,
    metrics,
    params,
    tensors,
)
from strongroom.services.compare.section import Section
from strongroom.services.compare.subject import Tick, subject_of, subjects_of
from strongroom.services.desk import Desk
from strongroom.services.progress import Progress, quiet
from strongroom.services.views import Document

SECTIONS: tuple[Section, ...] = (
    files.section,
    metrics.section,
    evaluation.section,
    params.section,
    curves.section,
    tensors.section,
    data.section,
    images.section,
    config.section,
    environment.section,
)
_BY_NAME = {section.name: section for section in SECTIONS}


@act("version.read")
def diff(
    desk: Desk, a: str, b: str, only: Sequence[str] = (), progress: Progress | None = None
) -> Document:
    """`{"a", "b", "different", "sections": {name: …}}` of two versions or runs; `only` chooses
    sections. Raises `NotFound`, `BadInput`, `Damaged` and `Cancelled`.
    """
    progress = progress or quiet()
    chosen = [section_of(name) for name in only] or SECTIONS
    before, after = subject_of(desk, a), subject_of(desk, b)
    progress.what = f"{before.ref} and {after.ref}"
    found, different = {}, False
    for section in chosen:
        told = section.compare(desk, before, after, _ticking(progress))
        if told is not None:
            found[section.name] = told
            different = different or section.differs(told)
        progress.tick()
    return {"a": before.ref, "b": after.ref, "different": different, "sections": found}


@act("version.read")
def compare(
    desk: Desk,
    subjects: Sequence[str],
    baseline: int,
    section: str,
    progress: Progress | None = None,
) -> Document:
    """One section of two to eight versions or runs beside each other: `{"section", "subjects",
    "baseline", "rows", "total", "differ", …}`, or with `"rows": None` where no subject has
    anything of the kind. What rows are is told by the section's `table`.
    """
    progress = progress or quiet()
    chosen = section_of(section)
    found = subjects_of(desk, subjects)
    if not 0 <= baseline < len(found):
        raise BadInput("the baseline is one of the subjects", str(baseline), "choose another")
    told = chosen.table(desk, found, baseline, _ticking(progress))
    return {
        "section": section,
        "subjects": [s.ref for s in found],
        "baseline": baseline,
        **(told or {"rows": None, "total": 0, "differ": 0}),
    }


def section_of(name: str) -> Section:
    if name not in _BY_NAME:
        raise BadInput("there is no such section", name, "choose one of " + ", ".join(_BY_NAME))
    return _BY_NAME[name]


def _ticking(progress: Progress) -> Tick:
    def tick(count: int, more: int) -> None:
        progress.total_bytes += more
        progress.tick(count)

    return tick
