"""`add`: what the user points at becomes versions."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from strongroom.catalog.catalog import latest_version, version_with_content
from strongroom.disk.listing import Listing, SourceFile, list_source
from strongroom.domain.digest import text_of
from strongroom.domain.errors import BadInput, printable
from strongroom.domain.facts import Kind
from strongroom.domain.manifest import Entry, build
from strongroom.domain.names import check_name, derive_name
from strongroom.services import added_runs, runs
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.find import resolve, version_views
from strongroom.services.grouping import Group, Grouping, RunFolder, group_by_layout
from strongroom.services.ingest import Outcome, Proposal, add_batch, describe_files
from strongroom.services.progress import Progress, quiet
from strongroom.services.views import Document
from strongroom.store.intake import measure

BATCH = 256


@dataclass(frozen=True, slots=True)
class Change:
    """What was decided of one planned version: another name or kind, or to leave it out."""

    name: str | None = None
    kind: Kind | None = None
    skip: bool = False


@dataclass(frozen=True)
class AddOptions:
    """What `add` was told; see api.md §1.

    `split`: a folder is split by `layouts` that split an added one, by `runs` (every layout) or
    stays `whole`. `changes`: decisions by the `key` that the dry run gave.
    """

    name: str | None = None
    kind: Kind | None = None
    run: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)
    inputs: Sequence[str] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    each: bool = False
    new_version: bool = False
    split: str = "layouts"
    changes: Mapping[str, Change] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Planned:
    """A version to be made, and the run's folder that its files belong to, below `root`."""

    proposal: Proposal
    folder: RunFolder | None = None
    root: bytes = b""

    @property
    def key(self) -> str:
        """Tells it from the others of the same plan, and finds it again in the next."""
        p = self.proposal
        return sha256(b"\0".join((p.source, p.name.encode()))).hexdigest()[:24]


@act("version.add")
def add(
    desk: Desk,
    paths: Sequence[bytes],
    options: AddOptions,
    progress: Progress | None = None,
    dry_run: bool = False,
) -> Document:
    """`{"versions": […]}`, one for each version made or found; see api.md for their keys.

    Raises the first error of a file when nothing else could be done; versions of other files
    that were sound are committed and the error says which file failed.
    """
    progress = progress or quiet()
    listings = [list_source(path, follow_outside=True) for path in paths]
    planned = plan(desk, listings, options)
    proposals = [p.proposal for p in planned]
    progress.total_files = sum(len(p.files) for p in proposals)
    progress.total_bytes = sum(f.stat.size for p in proposals for f in p.files)
    progress.what = proposals[0].name if proposals else ""
    found = {} if options.run else _found_runs(desk, planned)
    if dry_run:
        return {
            "versions": [_preview(desk, p, found, progress) for p in planned],
            "dry_run": True,
        }
    if options.run:
        runs.declare(desk, options.run, options.params, options.metrics)
    ids = {place: added_runs.record_run(desk, run) for place, run in found.items()}
    proposals = [
        replace(p.proposal, run=ids[_place(p)]) if _place(p) in ids else p.proposal for p in planned
    ]
    outcomes: list[Outcome] = []
    for start in range(0, len(proposals), BATCH):
        outcomes += add_batch(desk, proposals[start : start + BATCH], progress)
    for place, run in ids.items():
        added_runs.tie_inputs(desk, run, found[place])
    failed = [o.error for o in outcomes if o.error is not None]
    if failed and len(failed) == len(outcomes):
        raise failed[0]
    if failed:
        kept = len(outcomes) - len(failed)
        error = failed[0]
        error.hint = f"{error.hint}; {kept} other versions were added"
        raise error
    return {"versions": outcome_views(desk, outcomes)}


def _place(planned: Planned) -> tuple[bytes, str] | None:
    return (planned.root, planned.folder.folder) if planned.folder is not None else None


def _found_runs(
    desk: Desk, planned: Sequence[Planned]
) -> dict[tuple[bytes, str] | None, added_runs.FoundRun]:
    """Each run's folder is read once, however many versions come from it."""
    folders = {_place(p): (p.folder, p.root) for p in planned if p.folder is not None}
    return {place: added_runs.read_run(desk, *folder) for place, folder in folders.items()}


def plan(desk: Desk, listings: Sequence[Listing], options: AddOptions) -> list[Planned]:
    """What versions `add` would make of the listings, without reading a file."""
    if options.name is not None:
        check_name(options.name)
    base = Proposal(
        name="",
        files=(),
        kind=options.kind,
        run=options.run,
        params=dict(options.params),
        metrics=dict(options.metrics),
        inputs=tuple(_input(desk, r) for r in options.inputs),
        meta=dict(options.meta),
        note=options.note,
        new_version=options.new_version,
    )
    planned = [p for listing in listings for p in _of_listing(listing, options, base)]
    proposals = [p.proposal for p in planned]
    if options.name is not None and len({p.name for p in proposals}) > 1:
        raise BadInput(
            "one --name cannot name several artifacts",
            options.name,
            "leave --name out or add one path",
        )
    if options.name is not None and len(proposals) > 1:
        raise BadInput(
            "one --name cannot name several versions at once",
            options.name,
            "leave --name out or add one path",
        )
    return [p for one in planned if (p := _decided(one, options.changes.get(one.key)))]


def _decided(planned: Planned, change: Change | None) -> Planned | None:
    if change is None:
        return planned
    if change.skip:
        return None
    if change.name is not None:
        check_name(change.name)
    old = planned.proposal
    new = replace(old, name=change.name or old.name, kind=change.kind or old.kind)
    return replace(planned, proposal=new)


def _of_listing(listing: Listing, options: AddOptions, base: Proposal) -> list[Planned]:
    whole = os.path.basename(listing.root.rstrip(b"/")) or b"root"
    is_file = len(listing.files) == 1 and listing.files[0].location == listing.root
    warnings = tuple(str(one) for one in listing.left_out)
    if not listing.files:
        raise BadInput(
            "there are no files in it",
            os.fsdecode(listing.root),
            warnings[0] if warnings else "choose a folder that holds files",
        )
    if is_file:
        only = replace(
            base,
            name=options.name or derive_name(whole),
            files=tuple(listing.files),
            source=listing.root,
        )
        return [Planned(only)]
    if options.each:
        return [Planned(_one_file(f, derive_name(f.path), base)) for f in listing.files]
    if options.name is None and options.split != "whole":
        grouping = group_by_layout(listing.files, split_on_add=options.split == "layouts")
        if grouping.groups:
            each = options.split == "runs"
            return _of_groups(listing, grouping, whole, base, warnings, each)
    one = replace(
        base,
        name=options.name or derive_name(whole),
        files=tuple(listing.files),
        source=listing.root,
        warnings=warnings,
    )
    return [Planned(one)]


def _of_groups(
    listing: Listing,
    grouping: Grouping,
    folder_name: bytes,
    base: Proposal,
    warnings: tuple[str, ...],
    each: bool,
) -> list[Planned]:
    """A folder that a layout splits: one version a role. What no layout claims is one version
    more, or, with `each`, one a file, named as if the folder were watched.
    """
    whole = derive_name(folder_name)
    planned: list[Planned] = []
    claimed: set[bytes] = set()
    runs_by_folder = {(r.layout.name, r.folder): r for r in grouping.runs}
    for group in grouping.groups:
        claimed.update(f.location for f in group.files)
        proposal = replace(
            base,
            name=f"{whole}/{group.name}",
            kind=base.kind or group.kind,
            files=group.renamed_files(),
            source=_source(listing, group),
        )
        folder = runs_by_folder[group.layout.name, group.folder]
        planned.append(Planned(proposal, folder, listing.root))
    rest = tuple(f for f in listing.files if f.location not in claimed)
    if rest and each:
        planned += [Planned(_one_file(f, derive_name(folder_name, f.path), base)) for f in rest]
    elif rest:
        left = replace(base, name=whole, files=rest, source=listing.root, warnings=warnings)
        planned.append(Planned(left))
    return planned


def _source(listing: Listing, group: Group) -> bytes:
    if len(group.files) == 1:
        return group.files[0].location
    return posixpath.join(listing.root, group.root)


def _one_file(file: SourceFile, name: str, base: Proposal) -> Proposal:
    bare = SourceFile(file.location, os.path.basename(file.path), file.stat)
    return replace(base, name=name, files=(bare,), source=file.location)


def _input(desk: Desk, reference: str) -> Document:
    row = resolve(desk, reference)
    return {
        "ref": f"{row.artifact}@v{row.n}",
        "content_digest": text_of(row.content),
        "basis": "declared",
    }


def _preview(
    desk: Desk,
    planned: Planned,
    found: Mapping[tuple[bytes, str] | None, added_runs.FoundRun],
    progress: Progress,
) -> Document:
    """What `add` would answer: hashes and describes everything and keeps nothing.

    `key` finds the version in the same plan again, `source` is what it is made from, `found_run`
    `{"place", "name", "layout"}` the run it would be tied to.
    """
    proposal, run = planned.proposal, found.get(_place(planned))
    entries = []
    for file in proposal.files:
        digest, size = measure(file.location, progress.tick)
        entries.append(Entry(file.path, digest, size))
        progress.file_done()
    manifest = build(entries)
    with desk.engine.snapshot() as tx:
        existing = version_with_content(tx, proposal.name, manifest.digest)
    latest = latest_version(desk.engine, proposal.name)
    made = existing is None or proposal.new_version
    described = describe_files(desk, proposal.files)
    kind = proposal.kind or described.kind or Kind.OTHER
    return {
        "name": proposal.name,
        "tag": f"v{existing.n}" if existing and not made else None,
        "next_tag": f"v{latest.n + 1 if latest else 1}" if made else None,
        "kind": existing.kind if existing and not made else kind,
        "content_digest": text_of(manifest.digest),
        "record_digest": text_of(existing.record) if existing and not made else None,
        "size": manifest.size,
        "files": manifest.files,
        "created": made,
        "run": proposal.run or (run.known if run is not None else None),
        "warnings": [*proposal.warnings, *map(printable, described.warnings)],
        "key": planned.key,
        "source": printable(os.fsdecode(proposal.source)),
        "found_run": None
        if run is None
        else {
            "place": run.place,
            "name": run.document["name"],
            "layout": run.document["layout"],
        },
    }


def outcome_views(desk: Desk, outcomes: Sequence[Outcome]) -> list[Document]:
    """The entries of `add`'s answer; each outcome has a version."""
    rows = [o.version for o in outcomes if o.version is not None]
    return [_outcome_view(o, v) for o, v in zip(outcomes, version_views(desk, rows), strict=True)]


def _outcome_view(outcome: Outcome, view: Document) -> Document:
    warnings = view["warnings"]
    if not outcome.created:
        warnings = [*warnings, *outcome.warnings]
        if unkept := _not_kept(outcome.proposal, view["kind"]):
            warnings.append(
                f"the content was there already, so what was given as {unkept} is not kept: a "
                "sealed version stays as it is; use --new-version to make a correction"
            )
    return {**view, "warnings": warnings, "created": outcome.created}


def _not_kept(proposal: Proposal, kind: str) -> str:
    """What was declared for content that has its version already."""
    given = {
        "kind": proposal.kind not in (None, kind),
        "param": proposal.params,
        "metric": proposal.metrics,
        "input": proposal.inputs,
        "meta": proposal.meta,
        "note": proposal.note,
    }
    return ", ".join(name for name, value in given.items() if value)
