"""The rows of the sheet: planned versions under the run they belong to, and what was decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

RUN, NO_RUN, KNOWN = "run", "no run", "known"


@dataclass(frozen=True, slots=True)
class Heading:
    """`kind` one of `RUN`, `NO_RUN`, `KNOWN`; `key` tells it from others."""

    kind: str
    key: str
    title: str
    about: str


@dataclass(frozen=True, slots=True)
class Item:
    """A planned version. `tag`: the one that has this content already; `next_n`: what a new one
    would be. `name` and `kind` as decided; `planned_name` and `planned_kind` as found.
    """

    key: str
    source: str
    planned_name: str
    planned_kind: str
    name: str
    kind: str
    size: int
    files: int
    tag: str | None
    next_n: int
    digest: str
    warnings: tuple[str, ...]
    run: Heading | None
    wanted: bool
    wrong: str = ""

    @property
    def is_new(self) -> bool:
        return self.tag is None

    @property
    def goes_in(self) -> bool:
        return self.wanted and self.is_new and not self.wrong


def items_of(found: Sequence[Mapping[str, Any]]) -> list[Item]:
    """From the versions of a dry run; what is stored already is not wanted again."""
    return [
        Item(
            key=v["key"],
            source=v["source"],
            planned_name=v["name"],
            planned_kind=v["kind"],
            name=v["name"],
            kind=v["kind"],
            size=v["size"],
            files=v["files"],
            tag=v["tag"],
            next_n=int((v["next_tag"] or "v1")[1:]),
            digest=v["content_digest"],
            warnings=tuple(v["warnings"]),
            run=_heading(v["found_run"]),
            wanted=v["tag"] is None,
        )
        for v in found
    ]


def _heading(run: Mapping[str, Any] | None) -> Heading | None:
    if run is None:
        return None
    about = f"a run, found by its {run['layout']} files" if run["layout"] else "a run"
    return Heading(RUN, run["place"], run["name"], about)


def arranged(items: Iterable[Item]) -> list[Heading | Item]:
    """Headings with their items: runs first, then what belongs to none, last what is stored."""
    runs: dict[Heading, list[Item]] = {}
    loose: list[Item] = []
    known: list[Item] = []
    for item in items:
        if not item.is_new:
            known.append(item)
        elif item.run is not None:
            runs.setdefault(item.run, []).append(item)
        else:
            loose.append(item)
    rows: list[Heading | Item] = []
    for heading, members in runs.items():
        rows += [heading, *members]
    if loose:
        if runs or known:
            rows.append(Heading(NO_RUN, "", "No run found", "versions by themselves"))
        rows += loose
    if known:
        rows.append(Heading(KNOWN, "", "Already stored", "same bytes, nothing to copy"))
        rows += known
    return rows


def members(rows: Sequence[Heading | Item], at: int) -> list[Item]:
    """The items under the heading at `at`."""
    found = []
    for row in rows[at + 1 :]:
        if isinstance(row, Heading):
            break
        found.append(row)
    return found


def tags(items: Iterable[Item]) -> dict[str, str]:
    """Key → tag that each new version would get: several of one name count up."""
    used: dict[str, int] = {}
    made: dict[str, str] = {}
    for item in items:
        if item.goes_in:
            n = item.next_n + used.get(item.name, 0)
            used[item.name] = used.get(item.name, 0) + 1
            made[item.key] = f"v{n}"
    return made


def changes(items: Iterable[Item]) -> dict[str, dict[str, Any]]:
    """What was decided, as the `add` job takes it."""
    decided: dict[str, dict[str, Any]] = {}
    for item in items:
        if not item.goes_in:
            decided[item.key] = {"skip": True}
        elif (item.name, item.kind) != (item.planned_name, item.planned_kind):
            decided[item.key] = {"name": item.name, "kind": item.kind}
    return decided


def with_item(items: Sequence[Item], key: str, **new: Any) -> list[Item]:
    return [replace(item, **new) if item.key == key else item for item in items]
