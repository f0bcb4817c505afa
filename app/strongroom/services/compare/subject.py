"""What is compared: a version by any reference, or a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from strongroom.catalog import catalog
from strongroom.catalog.catalog import RunRow, VersionRow
from strongroom.domain.comparison import FEWEST, MOST, RUN
from strongroom.domain.errors import BadInput, NotFound
from strongroom.domain.manifest import Entry
from strongroom.services.desk import Desk
from strongroom.services.documents import StoredDocuments
from strongroom.services.find import resolve
from strongroom.services.views import live_text

#: Of a run that made more artifacts, the first ones' files are compared.
_MOST_OUTPUTS = 200

#: How work tells of bytes that are done, and of how many more there are to do; it may raise
#: `Cancelled`.
Tick = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Held:
    """One file of a subject: its path there, and the version that has it."""

    path: str
    entry: Entry
    version: VersionRow

    @property
    def sha256(self) -> str:
        return self.entry.sha256.hex()


@dataclass(frozen=True, slots=True)
class Subject:
    """`ref` is `name@vN` or `run:ID`; `run` is also the run that made the version."""

    ref: str
    version: VersionRow | None
    run: RunRow | None
    _files: list[Held] = field(default_factory=list)

    def values(self, section: str) -> Mapping[str, Any]:
        """The version's own `params` or `metrics`, else those of its run."""
        own: Mapping[str, Any] = self.version.document[section] if self.version else {}
        if own or self.run is None:
            return own
        found: Mapping[str, Any] = live_text(self.run)[section]
        return found

    def provenance(self) -> Mapping[str, Any]:
        """What is known of the run, with what was said of the version itself over it."""
        of_run: Mapping[str, Any] = live_text(self.run)["provenance"] if self.run else {}
        return {**of_run, **(self.version.document["provenance"] if self.version else {})}

    def inputs(self) -> list[str]:
        """References of what the version or its run read, each once."""
        found = [i["ref"] for i in self.version.document["inputs"]] if self.version else []
        for one in live_text(self.run)["inputs"] if self.run else ():
            found.append(one if isinstance(one, str) else one["ref"])
        return list(dict.fromkeys(found))


def subject_of(desk: Desk, text: str) -> Subject:
    """Raises `NotFound` and `BadInput`. A bare run id is taken where no artifact has the name."""
    if text.startswith(RUN):
        return _run_subject(desk, text.removeprefix(RUN))
    try:
        row = resolve(desk, text)
    except (NotFound, BadInput):
        if catalog.run_by_id(desk.engine, text) is None:
            raise
        return _run_subject(desk, text)
    run = catalog.run_by_id(desk.engine, row.run_id) if row.run_id else None
    return Subject(f"{row.artifact}@v{row.n}", row, run)


def _run_subject(desk: Desk, ident: str) -> Subject:
    run = catalog.run_by_id(desk.engine, ident)
    if run is None:
        raise NotFound("there is no such run", ident, "see `strongroom run list`")
    return Subject(f"{RUN}{run.id}", None, run)


def subjects_of(desk: Desk, texts: Sequence[str]) -> list[Subject]:
    """Two to eight subjects; raises `BadInput` for fewer or more."""
    if not FEWEST <= len(texts) <= MOST:
        raise BadInput(
            f"{FEWEST} to {MOST} versions or runs are compared at once", str(len(texts)),
            "choose some of them",
        )  # fmt: skip
    return [subject_of(desk, text) for text in texts]


def files_of(desk: Desk, subject: Subject) -> list[Held]:
    """A version's files; a run's are those of the newest version of each artifact that it made,
    below the artifact's name. Raises `Damaged`.
    """
    if subject._files:
        return subject._files
    documents = StoredDocuments(desk.store)
    if subject.version is not None:
        version = subject.version
        found = [Held(_text(e.path), e, version) for e in documents.files(version.content)]
    else:
        assert subject.run is not None
        outputs = catalog.outputs_by_run(desk.engine, [subject.run.id])
        newest: dict[str, int] = {}
        for name, n in outputs.get(subject.run.id, ()):
            newest[name] = max(n, newest.get(name, 0))
        found = []
        for name, n in list(newest.items())[:_MOST_OUTPUTS]:
            row = catalog.version_by_n(desk.engine, name, n)
            if row is not None:
                found += [
                    Held(f"{name}/{_text(e.path)}", e, row) for e in documents.files(row.content)
                ]
    subject._files.extend(found)
    return found


def paired(sides: Sequence[list[Held]]) -> dict[str, list[Held | None]]:
    """Files side by side by path. Where each side has one file only, these belong together,
    whatever they are called; the first side's path stands for them.
    """
    if all(len(files) == 1 for files in sides):
        return {sides[0][0].path: [files[0] for files in sides]}
    found: dict[str, list[Held | None]] = {}
    for at, files in enumerate(sides):
        for held in files:
            found.setdefault(held.path, [None] * len(sides))[at] = held
    return found


def _text(path: bytes) -> str:
    return path.decode("utf-8", "backslashreplace")
