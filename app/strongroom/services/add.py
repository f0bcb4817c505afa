"""`add`: what the user points at becomes versions."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from strongroom.catalog.catalog import latest_version, version_with_content
from strongroom.disk.listing import Listing, SourceFile, list_source
from strongroom.domain.digest import text_of
from strongroom.domain.errors import BadInput, printable
from strongroom.domain.facts import Kind
from strongroom.domain.manifest import Entry, build
from strongroom.domain.names import check_name, derive_name
from strongroom.services import runs
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.find import resolve, version_views
from strongroom.services.grouping import Group, group_by_layout
from strongroom.services.ingest import Outcome, Proposal, add_batch, describe_files
from strongroom.services.progress import Progress, quiet
from strongroom.services.views import Document
from strongroom.store.intake import measure

BATCH = 256


@dataclass(frozen=True)
class AddOptions:
    """What `add` was told; see api.md §1."""

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
    proposals = plan(desk, listings, options)
    progress.total_files = sum(len(p.files) for p in proposals)
    progress.total_bytes = sum(f.stat.size for p in proposals for f in p.files)
    progress.what = proposals[0].name if proposals else ""
    if dry_run:
        return {"versions": [_preview(desk, p, progress) for p in proposals], "dry_run": True}
    if options.run:
        runs.declare(desk, options.run, options.params, options.metrics)
    outcomes: list[Outcome] = []
    for start in range(0, len(proposals), BATCH):
        outcomes += add_batch(desk, proposals[start : start + BATCH], progress)
    failed = [o.error for o in outcomes if o.error is not None]
    if failed and len(failed) == len(outcomes):
        raise failed[0]
    if failed:
        kept = len(outcomes) - len(failed)
        error = failed[0]
        error.hint = f"{error.hint}; {kept} other versions were added"
        raise error
    return {"versions": outcome_views(desk, outcomes)}


def plan(desk: Desk, listings: Sequence[Listing], options: AddOptions) -> list[Proposal]:
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
    proposals = [p for listing in listings for p in _of_listing(listing, options, base)]
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
    return proposals


def _of_listing(listing: Listing, options: AddOptions, base: Proposal) -> list[Proposal]:
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
        return [
            replace(
                base,
                name=options.name or derive_name(whole),
                files=tuple(listing.files),
                source=listing.root,
            )
        ]
    if options.each:
        return [_one_file(f, derive_name(f.path), base) for f in listing.files]
    if options.name is None:
        groups = group_by_layout(listing.files, split_on_add=True).groups
        if groups:
            return _of_groups(listing, groups, derive_name(whole), base, warnings)
    return [
        replace(
            base,
            name=options.name or derive_name(whole),
            files=tuple(listing.files),
            source=listing.root,
            warnings=warnings,
        )
    ]


def _of_groups(
    listing: Listing,
    groups: Sequence[Group],
    whole: str,
    base: Proposal,
    warnings: tuple[str, ...],
) -> list[Proposal]:
    """A folder that a layout splits: one version a role, and what no layout claims by itself."""
    proposals: list[Proposal] = []
    claimed: set[bytes] = set()
    for group in groups:
        claimed.update(f.location for f in group.files)
        proposals.append(
            replace(
                base,
                name=f"{whole}/{group.name}",
                kind=base.kind or group.kind,
                files=group.renamed_files(),
                source=posixpath.join(listing.root, group.root),
            )
        )
    rest = tuple(f for f in listing.files if f.location not in claimed)
    if rest:
        proposals.append(
            replace(base, name=whole, files=rest, source=listing.root, warnings=warnings)
        )
    return proposals


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


def _preview(desk: Desk, proposal: Proposal, progress: Progress) -> Document:
    """What `add` would answer: hashes and describes everything and keeps nothing."""
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
        "run": proposal.run,
        "warnings": [*proposal.warnings, *map(printable, described.warnings)],
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
