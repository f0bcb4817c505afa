"""From files to sealed versions: read once, keep, describe from the stored copy, commit.

Order (design §5): bytes durable, then documents, then one catalog transaction with versions,
edges and journal entries, then the segment line; only then is anything reported.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, TypeVar, overload

from strongroom.catalog.blobs import damaged_blobs, files_by_place, known_pages, write_pages
from strongroom.catalog.catalog import VersionRow, next_number, version_with_content
from strongroom.disk.listing import SourceFile, Stat
from strongroom.domain.digest import text_of
from strongroom.domain.entry import Draft
from strongroom.domain.errors import BadInput, Conflict, NoSpace, StrongroomError, printable
from strongroom.domain.facts import Kind
from strongroom.domain.manifest import Entry, Manifest, build, path_document
from strongroom.domain.record import Sealed, declared_values, version_record
from strongroom.domain.secrets import masked
from strongroom.extract import interesting
from strongroom.extract.media import counted
from strongroom.services.claiming import Claims, ClaimsRanOut
from strongroom.services.damage import complete_unread
from strongroom.services.desk import Desk, Recorder
from strongroom.services.documents import StoredDocuments
from strongroom.services.inspection import Described, Piece
from strongroom.services.progress import Progress
from strongroom.store.intake import Changed, StoreFailed, Taken, take

#: How much is held in memory before it goes to the shelf, and how many files in one group.
GROUP_BYTES = 64 << 20
GROUP_FILES = 4096
GROUP_LARGE = 64
GROUP_PAGES = 16
#: A folder of so many files is compared as a whole with how it was, before each file is.
MANY = 64
#: At most this many files of one version are read for what they say.
DESCRIBE_FILES = 256
#: So many warnings are kept with a version; a folder can hold a million dangling links.
MAX_WARNINGS = 1000
_TRIES = 3

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One version to be made. `kind` None: content tells. `source`: what the user pointed at.

    `strict` refuses files that someone still has open for writing (watching waits for them).
    """

    name: str
    files: tuple[SourceFile, ...]
    kind: Kind | None = None
    run: str | None = None
    params: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[dict[str, Any], ...] = ()
    meta: dict[str, Any] = field(default_factory=dict)
    note: str = ""
    new_version: bool = False
    source: bytes = b""
    warnings: tuple[str, ...] = ()
    strict: bool = False


@dataclass
class Outcome:
    """What became of a proposal: a version (new or found), or the error that stopped it.

    `written_to`: one of its files was still open for writing when it was read.
    """

    proposal: Proposal
    version: VersionRow | None = None
    created: bool = False
    kind: Kind = Kind.OTHER
    warnings: list[str] = field(default_factory=list)
    error: StrongroomError | None = None
    manifest: Manifest | None = None
    written_to: bool = False
    stats: ReadFiles = field(init=False)

    def __post_init__(self) -> None:
        self.stats = ReadFiles(self.proposal.files)


class ReadFiles(Sequence[tuple[bytes, Stat, bytes]]):
    """`(path, stat, digest)` of a proposal's files as they were read, in their order.

    Of each only the digest is held, and the stat where it was not the listed one any more.
    """

    def __init__(self, files: Sequence[SourceFile]) -> None:
        self._files, self._digests = files, bytearray()
        self.changed: dict[int, Stat] = {}

    def add(self, stat: Stat, digest: bytes) -> None:
        """Says what the next file was."""
        at = len(self)
        if stat != self._files[at].stat:
            self.changed[at] = stat
        self._digests += digest

    def __len__(self) -> int:
        return len(self._digests) // 32

    @overload
    def __getitem__(self, index: int) -> tuple[bytes, Stat, bytes]: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[tuple[bytes, Stat, bytes]]: ...
    def __getitem__(
        self, index: int | slice
    ) -> tuple[bytes, Stat, bytes] | Sequence[tuple[bytes, Stat, bytes]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        file = self._files[index]
        digest = bytes(self._digests[32 * index : 32 * index + 32])
        return file.path, self.changed.get(index, file.stat), digest


class _Entries(Sequence[Entry]):
    """What was read, as the entries of a manifest, made when they are asked for."""

    def __init__(self, read: ReadFiles) -> None:
        self._read = read

    def __len__(self) -> int:
        return len(self._read)

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | Sequence[Entry]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        path, stat, digest = self._read[index]
        return Entry(path, digest, stat.size)


F = TypeVar("F", Entry, SourceFile)
WithVersions = Callable[[Recorder, Sequence[Outcome]], None]


def add_batch(
    desk: Desk,
    proposals: Sequence[Proposal],
    progress: Progress,
    within: WithVersions = lambda recorder, outcomes: None,
) -> list[Outcome]:
    """Makes the versions of one batch; a proposal that fails does not stop the others.

    `within` runs inside the committing transaction, before its end. Raises `Cancelled`, `NoSpace`
    and what else concerns the registry and not one file; nothing of the batch exists then.
    """
    intake = _Intake(desk, progress)
    damaged = {digest for digest, _, _ in damaged_blobs(desk.engine)}
    try:
        outcomes = [intake.take_all(p) for p in proposals]
        intake.flush()
        sound = [o for o in outcomes if o.error is None]
        for outcome in sound:
            outcome.manifest = outcome.manifest or build(_Entries(outcome.stats))
        sealed = _seal_new(desk, intake, sound)
        _commit(desk, intake, sound, sealed, within)
        intake.remember(sound)
    except BaseException:
        intake.abandon()
        raise
    if len(sound) < len(outcomes):
        intake.take_back()  # what was stored for those that failed
    intake.claims.release()
    if damaged and damaged - {digest for digest, _, _ in damaged_blobs(desk.engine)}:
        complete_unread(desk)  # a document that was lost has come back with them
    return outcomes


def commit_one(desk: Desk, proposal: Proposal, progress: Progress) -> Outcome:
    """`add_batch` of one, raising its error."""
    outcome = add_batch(desk, [proposal], progress)[0]
    if outcome.error is not None:
        raise outcome.error
    return outcome


class _Intake:
    """Reads files of a batch and makes their bytes durable, group by group, under claims."""

    def __init__(self, desk: Desk, progress: Progress) -> None:
        self.desk, self.progress = desk, progress
        self.claims = Claims(desk)
        self.began_ns = time.time_ns()
        self._pending: list[tuple[Taken, int]] = []
        self._bytes = self._large = 0

    def tick(self, count: int = 0) -> None:
        """Tells of progress, and now and then that the claims are still needed."""
        self.progress.tick(count)
        self.claims.beat()

    def remember(self, outcomes: Sequence[Outcome]) -> None:
        """Keeps how whole folders were, so that they need not be looked through unchanged."""
        for outcome in outcomes:
            files = outcome.proposal.files
            as_listed = len(outcome.stats) == len(files) and not outcome.stats.changed
            as_listed = as_listed and not outcome.written_to
            if outcome.manifest is not None and len(files) >= MANY and as_listed:
                self.desk.stats.remember_content(files, outcome.manifest.digest, self.began_ns)

    def _unchanged(self, proposal: Proposal) -> Manifest | None:
        """The manifest, without its entries, of a folder that is as a sound version of it was."""
        if len(proposal.files) < MANY or proposal.new_version or proposal.strict:
            return None
        content = self.desk.stats.content_of(proposal.files)
        with self.desk.engine.snapshot() as tx:
            row = version_with_content(tx, proposal.name, content) if content else None
        if row is None or damaged_blobs(self.desk.engine):
            return None  # what is damaged is mended only by files that are read
        places = files_by_place(self.desk.engine, row.id)
        if places is None or self.desk.store.there(places) != set().union(*places.values()):
            return None
        return Manifest(row.content, b"", (), row.files, row.size)

    def take_all(self, proposal: Proposal) -> Outcome:
        outcome = Outcome(proposal, warnings=list(proposal.warnings))
        outcome.manifest = self._unchanged(proposal)
        if outcome.manifest is not None:
            self.tick(outcome.manifest.size)
            self.progress.files += outcome.manifest.files
            return outcome
        if len(proposal.files) >= MANY:
            self.desk.inspector.warm_up()  # it gets ready while the files are read
        for start in range(0, len(proposal.files), GROUP_FILES):
            if not self._take_some(outcome, proposal.files[start : start + GROUP_FILES]):
                break
        return outcome

    def _take_some(self, outcome: Outcome, files: Sequence[SourceFile]) -> bool:
        """Reads files of one proposal; False where one of them ended it."""
        known = self._known(files)
        for file in files:
            self.tick()
            stat = file.stat
            digest = known.get(stat)
            if digest is not None:
                outcome.stats.add(stat, digest)
                self.progress.tick(stat.size)
                self.progress.file_done()
                continue
            try:
                taken = self._take(file)
            except (NoSpace, StoreFailed, ClaimsRanOut):
                raise
            except StrongroomError as error:
                if error.code == "cancelled":
                    raise
                outcome.error = error
                return False
            if taken.written_to and outcome.proposal.strict:
                taken.discard()
                outcome.error = Changed("someone still has the file open for writing", _name(file))
                return False
            if taken.written_to:
                outcome.written_to = True
                outcome.warnings.append(
                    f"{_name(file)}: someone had it open for writing while it was added"
                )
            outcome.stats.add(taken.stat, taken.digest)
            self._keep_later(taken)
            self.progress.file_done()
        return True

    def flush(self) -> None:
        """Claims, then looks what is missing, then makes that durable and known to the catalog."""
        pending = {taken.digest: taken for taken, _ in self._pending}
        if not pending:
            return
        self.claims.claim(pending)
        with self.desk.store.no_collection():
            present = self.desk.present({d: t.data for d, t in pending.items()})
            missing = [t for d, t in pending.items() if d not in present]
            self.claims.note(self.desk.store.keep(missing))
        self.desk.stats.remember(
            (t.stat, t.digest, read_at) for t, read_at in self._pending if not t.written_to
        )
        self._forget_pending()

    def _forget_pending(self) -> None:
        for taken, _ in self._pending:
            taken.discard()
        self._pending.clear()
        self._bytes = self._large = 0

    def keep_pages(self, manifest: Manifest) -> None:
        """Makes the pages of a large manifest durable and known, those that are not yet.

        The version's own transaction then only hangs them on it, and keeps nobody waiting.
        """
        digests = manifest.page_digests
        for start in range(0, len(digests), GROUP_PAGES):
            pages = [
                manifest.pages[i] for i in range(start, min(start + GROUP_PAGES, len(digests)))
            ]
            self.claims.keep_documents({p.digest: p.data for p in pages})
            known = known_pages(self.desk.engine, [p.digest for p in pages])
            write_pages(self.desk.engine, [p for p in pages if p.digest not in known])
            self.tick()

    def abandon(self) -> None:
        """Forgets what was read and takes back what was stored for nobody."""
        self._forget_pending()
        self.take_back()

    def take_back(self) -> None:
        """Deletes what this intake stored and no version refers to, and ends its claims."""
        from strongroom.services.collect import take_back

        if not self.claims.held:
            return
        try:
            take_back(self.desk, self.claims.claimant)
            self.claims.held = False
        except StrongroomError as error:
            log.warning("what was stored for nobody is left to collection: %s", error)
            self.claims.release()

    def _known(self, files: Sequence[SourceFile]) -> dict[Stat, bytes]:
        """Digests of files unchanged since they were read, and whose bytes are here."""
        stats = [f.stat for f in files]
        cached = {s: d for s, d in zip(stats, self.desk.stats.look_up(stats), strict=True) if d}
        if not cached:
            return {}
        digests = set(cached.values())
        self.claims.claim(digests)
        with self.desk.store.no_collection():
            sizes = self.desk.there(digests)
        return {s: d for s, d in cached.items() if sizes.get(d) == s.size}

    def _take(self, file: SourceFile) -> Taken:
        for attempt in range(_TRIES):
            before = self.progress.bytes
            try:
                return take(file.location, self.desk.store.staging, self.tick)
            except Changed:
                self.progress.bytes = before
                if attempt == _TRIES - 1:
                    raise
                time.sleep(0.05 * (attempt + 1))
        raise AssertionError("unreachable")

    def _keep_later(self, taken: Taken) -> None:
        self._pending.append((taken, time.time_ns()))
        self._bytes += len(taken.data or b"")
        self._large += taken.data is None
        if (
            self._bytes >= GROUP_BYTES
            or len(self._pending) >= GROUP_FILES
            or self._large >= GROUP_LARGE
        ):
            self.flush()


def _seal_new(desk: Desk, intake: _Intake, outcomes: Sequence[Outcome]) -> dict[int, Sealed]:
    """Describes and seals what is not stored under its name yet; records by `id(outcome)`."""
    sealed: dict[int, Sealed] = {}
    blobs: dict[bytes, bytes] = {}
    damaged = {digest for digest, _, _ in damaged_blobs(desk.engine)}
    for outcome in outcomes:
        assert outcome.manifest is not None
        if not outcome.proposal.new_version and _existing(desk, outcome) is not None:
            if damaged:
                blobs.update(_documents(outcome.manifest, damaged))
            continue
        if not outcome.manifest.pages and outcome.manifest.files:
            raise Conflict("a version went while it was compared", "", "add it again")
        described = describe(desk, outcome)
        record = _record(outcome, described)
        sealed[id(outcome)] = record
        blobs[record.digest] = record.data
        blobs[outcome.manifest.digest] = outcome.manifest.data
        if outcome.manifest.is_root:
            intake.keep_pages(outcome.manifest)
        intake.tick()
    intake.claims.keep_documents(blobs)
    return sealed


def _documents(manifest: Manifest, wanted: Container[bytes]) -> dict[bytes, bytes]:
    """Those of the blobs that a manifest is made of that are wanted."""
    found = {manifest.digest: manifest.data} if manifest.digest in wanted else {}
    for position, digest in enumerate(manifest.page_digests):
        if digest in wanted:
            found[digest] = manifest.pages[position].data
    return found


def _existing(desk: Desk, outcome: Outcome) -> VersionRow | None:
    assert outcome.manifest is not None
    with desk.engine.snapshot() as tx:
        return version_with_content(tx, outcome.proposal.name, outcome.manifest.digest)


def describe(desk: Desk, outcome: Outcome) -> Described:
    """What the version's files say, read from the stored copies in the limited child."""
    entries = _Entries(outcome.stats)
    chosen = _telling(entries)
    found = desk.inspector.describe([stored_piece(desk, _text(e.path), e.sha256) for e in chosen])
    return _with_counts(found, ((_text(e.path), e.size) for e in entries))


def describe_files(desk: Desk, files: Sequence[SourceFile]) -> Described:
    """As `describe`, of files that are not stored: for a look before they are added."""
    found = desk.inspector.describe(
        [Piece(_text(f.path), file=os.fsdecode(f.location)) for f in _telling(files)]
    )
    return _with_counts(found, ((_text(f.path), f.stat.size) for f in files))


def _with_counts(described: Described, files: Iterable[tuple[str, int]]) -> Described:
    """With how many pictures and sounds there are, under the path `.`, if there are some."""
    counts = counted(files)
    return replace(described, about={**described.about, ".": counts}) if counts else described


def _telling(files: Sequence[F]) -> Sequence[F]:
    """Those that are worth reading for what they say; of a folder of unknowns the first few."""
    telling = (f for f in files if interesting(_text(f.path)))
    return list(islice(telling, DESCRIBE_FILES)) or files[:20]


def stored_piece(desk: Desk, path: str, digest: bytes) -> Piece:
    """The stored copy of a blob as the child gets it."""
    data = desk.store.small(digest)
    if data is not None:
        return Piece(path, data=data)
    return Piece(path, file=str(desk.store.object_path(digest)))


def _record(outcome: Outcome, described: Described) -> Sealed:
    proposal = outcome.proposal
    outcome.warnings.extend(printable(w) for w in described.warnings)
    if len(outcome.warnings) > MAX_WARNINGS:
        more = len(outcome.warnings) - MAX_WARNINGS
        outcome.warnings[MAX_WARNINGS:] = [f"{more} more warnings are not kept"]
    about = dict(described.about)
    outcome.kind = proposal.kind or described.kind or Kind.OTHER
    assert outcome.manifest is not None
    return version_record(
        manifest=text_of(outcome.manifest.digest),
        run=proposal.run,
        params={**described.params, **declared_values(proposal.params)},
        metrics={**described.metrics, **declared_values(proposal.metrics)},
        inputs=proposal.inputs,
        provenance={"meta": masked("", proposal.meta)} if proposal.meta else {},
        about=about,
    )


def _commit(
    desk: Desk,
    intake: _Intake,
    outcomes: Sequence[Outcome],
    sealed: dict[int, Sealed],
    within: WithVersions,
) -> None:
    documents = StoredDocuments(desk.store)
    for outcome in outcomes:
        if id(outcome) in sealed and outcome.manifest is not None:
            documents.hand_in(sealed[id(outcome)], outcome.manifest)
    with desk.recording(documents) as recorder:
        intake.claims.check(recorder.tx)
        for outcome in outcomes:
            _commit_one(recorder, outcome, sealed.get(id(outcome)))
        within(recorder, outcomes)


def _commit_one(recorder: Recorder, outcome: Outcome, record: Sealed | None) -> None:
    proposal, manifest = outcome.proposal, outcome.manifest
    assert manifest is not None
    existing = version_with_content(recorder.tx, proposal.name, manifest.digest)
    if existing is not None and not proposal.new_version:
        outcome.version = existing
        if proposal.run and proposal.run != existing.run_id:
            recorder.write(
                Draft(
                    "run.output",
                    {"type": "run", "id": proposal.run},
                    {
                        "artifact": existing.artifact,
                        "n": existing.n,
                        "content_digest": text_of(existing.content),
                    },
                )
            )
        return
    if record is None:
        # The version this one equalled was there when we looked; it cannot have gone.
        raise Conflict("a version changed while this one was added", proposal.name, "add it again")
    n = next_number(recorder.tx, proposal.name)
    recorder.write(
        Draft(
            "version.committed",
            {
                "type": "version",
                "name": proposal.name,
                "tag": f"v{n}",
                "digest": text_of(manifest.digest),
            },
            {
                "artifact": proposal.name,
                "n": n,
                "kind": outcome.kind,
                "content_digest": text_of(manifest.digest),
                "record_digest": text_of(record.digest),
                "run": proposal.run,
                "source": path_document(proposal.source),
                "warnings": outcome.warnings,
            },
        )
    )
    outcome.created = True
    if proposal.note:
        recorder.write(
            Draft(
                "version.noted",
                {
                    "type": "version",
                    "name": proposal.name,
                    "tag": f"v{n}",
                    "digest": text_of(manifest.digest),
                },
                {"n": n, "text": proposal.note},
            )
        )
    outcome.version = version_with_content(recorder.tx, proposal.name, manifest.digest)


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def _name(file: SourceFile) -> str:
    return printable(_text(file.location))


def refuse_empty(proposal: Proposal) -> None:
    """A version without files would be a name for nothing; raises `BadInput`."""
    if not proposal.files:
        raise BadInput(
            "there are no files in it",
            _text(proposal.source) or proposal.name,
            "choose a folder that holds files",
        )
