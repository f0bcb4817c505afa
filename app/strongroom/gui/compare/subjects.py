"""What the page knows of each thing that is compared, and how it is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from strongroom.domain.comparison import RUN
from strongroom.domain.errors import StrongroomError, printable
from strongroom.gui.compare.grid import Names
from strongroom.gui.runs import wording as run_wording
from strongroom.gui.wording import DAMAGED, KINDS, Look, short_digest
from strongroom.services.registry import Registry


@dataclass(frozen=True, slots=True)
class Subject:
    """`tag` is "" for a run; `wrong` says why it cannot be compared, or ""."""

    ref: str
    name: str
    tag: str = ""
    digest: str = ""
    run: str = ""
    run_name: str = ""
    at: str = ""
    look: Look = KINDS["other"]
    wrong: str = ""

    @property
    def title(self) -> str:
        return f"{self.name} {self.tag}".strip()


def read_subjects(registry: Registry, refs: Sequence[str]) -> list[Subject]:
    """One that is gone says so and does not keep the others from being shown."""
    return [_read(registry, ref) for ref in refs]


def _read(registry: Registry, ref: str) -> Subject:
    try:
        if ref.startswith(RUN):
            run = registry.show_run(ref.removeprefix(RUN))["run"]
            look = run_wording.look_of(run)
            name = run_wording.name_of(run)
            return Subject(ref, name, "", run["id"][-6:], run["id"], "run", run["started_at"], look)
        version = registry.show(ref, files=0)
    except StrongroomError as error:
        return Subject(ref, printable(ref), look=DAMAGED, wrong=error.what)
    brief = registry.run_briefs([version["run"]]) if version["run"] else {}
    named = brief.get(version["run"] or "")
    return Subject(
        f"{version['name']}@{version['tag']}",
        printable(version["name"]),
        version["tag"],
        short_digest(version["content_digest"]),
        version["run"] or "",
        printable(named["name"] or version["run"]) if named else "",
        version["created_at"],
        DAMAGED if version["damaged"] else KINDS[version["kind"]],
    )


def names_of(subjects: Sequence[Subject], baseline: int) -> Names:
    """By tag alone where all are versions of one artifact; alike names get a number."""
    one_artifact = all(s.tag for s in subjects) and len({s.name for s in subjects}) == 1
    called = [s.tag if one_artifact else _brief(s) for s in subjects]
    numbered = [
        name if called.count(name) == 1 else f"{name} ({called[: at + 1].count(name)})"
        for at, name in enumerate(called)
    ]
    return Names(tuple(numbered), baseline)


def _brief(subject: Subject) -> str:
    last = subject.name.rpartition("/")[2]
    return f"{last} {subject.tag}".strip()
