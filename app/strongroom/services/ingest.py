"""From files to sealed versions: read once, keep, describe from the stored copy, commit.

Order (design §5): bytes durable, then documents, then one catalog transaction with versions,
edges and journal entries, then the segment line; only then is anything reported.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from secrets import token_hex
from typing import Any, TypeVar, overload

from strongroom.catalog import claims
from strongroom.catalog.catalog import (
    VersionRow,
    damaged_blobs,
    known_blobs,
    known_pages,
    places_of,
    version_with_content,
    write_blobs,
    write_pages,
)
from strongroom.disk.listing import SourceFile, Stat
from strongroom.domain.digest import text_of
from strongroom.domain.entry import Draft
from strongroom.domain.errors import BadInput, Conflict, NoSpace, StrongroomError, printable
from strongroom.domain.facts import Kind
from strongroom.domain.manifest import Entry, Manifest, build, path_document
from strongroom.domain.record import Sealed, declared_values, version_record
from strongroom.domain.secrets import masked
from strongroom.domain.timestamps import now
from strongroom.extract import interesting
from strongroom.extract.media import counted
from strongroom.services.desk import Desk, Recorder
from strongroom.services.documents import StoredDocuments
from strongroom.services.inspection import Described, Piece
from strongroom.services.progress import Progress
from strongroom.store.folder import Stored
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
#: Seconds between two signs of life of a long intake; claims last for much longer.
HEARTBEAT = 60.0
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
    """What became of a proposal: a version (new or found), or the error that stopped it."""

    proposal: Proposal
    version: VersionRow | None = None
    created: bool = False
    kind: Kind = Kind.OTHER
    warnings: list[str] = field(default_factory=list)
    error: StrongroomError | None = None
    manifest: Manifest | None = None
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
    intake.release()
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
        self.claimant = token_hex(12)
        self.began_ns = time.time_ns()
        self._pending: list[tuple[Taken, int]] = []
        self._bytes = self._large = 0
        self._claimed = False
        self._beat_at = 0.0

    def tick(self, count: int = 0) -> None:
        """Tells of progress, and now and then that the claims are still needed."""
        self.progress.tick(count)
        if self._claimed and time.monotonic() - self._beat_at > HEARTBEAT:
            self._beat_at = time.monotonic()
            if not claims.heartbeat(self.desk.engine, self.claimant, now()):
                raise _ran_out()

    def remember(self, outcomes: Sequence[Outcome]) -> None:
        """Keeps how whole folders were, so that they need not be looked through unchanged."""
        for outcome in outcomes:
            files = outcome.proposal.files
            as_listed = len(outcome.stats) == len(files) and not outcome.stats.changed
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
        if not self.desk.store.are_there(places_of(self.desk.engine, row.id)):
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
                outcome.warnings.append(
                    f"{_name(file)}: someone had it open for writing while it was added"
                )
            outcome.stats.add(taken.stat, taken.digest)
            self._keep_later(taken)
            self.progress.file_done()
        return True

    def flush(self) -> None:
        """Claims, then looks what is missing, then makes that durable and known to the catalog."""
        pending = [taken for taken, _ in self._pending]
        digests = list({t.digest: None for t in pending})
        if not digests:
            return
        self._claim(digests)
        with self.desk.store.no_collection():
            self._drop_damaged(digests)
            small = {t.digest for t in pending if t.data is not None}
            here = self.desk.store.locate_all(digests, small)
            sound = known_blobs(self.desk.engine, list(here))
            stored: dict[bytes, Stored] = {}
            missing: dict[bytes, Taken] = {}
            for taken in pending:
                present = here.get(taken.digest)
                if present is not None and self._is_sound(present, taken, sound):
                    stored[taken.digest] = present
                else:
                    missing.setdefault(taken.digest, taken)
            stale = [d for d in missing if d in here and here[d].form == "shelf"]
            if stale:  # not those bytes at all: a shelf would keep what it has
                self.desk.store.remove(stale)
            stored.update((s.digest, s) for s in self.desk.store.keep(list(missing.values())))
            self._note(s for s in stored.values() if s.digest not in sound)
        self.desk.stats.remember((t.stat, t.digest, read_at) for t, read_at in self._pending)
        self._forget_pending()

    def _note(self, stored: Iterable[Stored]) -> None:
        write_blobs(
            self.desk.engine,
            self.desk.store.name,
            [(s.digest, s.size, s.form, s.place) for s in stored],
        )

    def _forget_pending(self) -> None:
        for taken, _ in self._pending:
            taken.discard()
        self._pending.clear()
        self._bytes = self._large = 0

    def _is_sound(self, present: Stored, taken: Taken, sound: Mapping[bytes, int]) -> bool:
        """Whether what lies there is what was read. Bytes that the catalog does not know may be
        what a crash left, or what another process is just adding: those stay where they are.
        """
        if present.size != taken.size:
            return False
        if taken.digest in sound:
            return True
        if present.form != "shelf":
            return False  # it is replaced, at once and by equal bytes
        on_shelf = self.desk.store.shelves.get(taken.digest)
        return on_shelf is not None and on_shelf[1] == taken.data

    def _drop_damaged(self, digests: Iterable[bytes]) -> None:
        """Makes way for sound bytes where there are damaged ones."""
        bad = {d for d, _, _ in damaged_blobs(self.desk.engine)}.intersection(digests)
        if bad:
            self.desk.store.remove(list(bad))

    def keep_documents(self, documents: Mapping[bytes, bytes]) -> None:
        """Makes sealed documents durable, in one group."""
        self._claim(documents)
        with self.desk.store.no_collection():
            self._drop_damaged(documents)
            self._note(self.desk.store.put_all(list(documents.items())))

    def keep_pages(self, manifest: Manifest) -> None:
        """Makes the pages of a large manifest durable and known, those that are not yet.

        The version's own transaction then only hangs them on it, and keeps nobody waiting.
        """
        digests = manifest.page_digests
        for start in range(0, len(digests), GROUP_PAGES):
            some = digests[start : start + GROUP_PAGES]
            self._claim(some)
            with self.desk.store.no_collection():
                self._drop_damaged(some)
                here = self.desk.store.locate_all(known_blobs(self.desk.engine, some).keys())
                there = known_pages(self.desk.engine, some).intersection(here)
                pages = [manifest.pages[start + i] for i, d in enumerate(some) if d not in there]
                self._note(self.desk.store.put_all([(p.digest, p.data) for p in pages]))
                write_pages(self.desk.engine, pages)
            self.tick()

    def abandon(self) -> None:
        """Forgets what was read and takes back what was stored for nobody."""
        self._forget_pending()
        self.take_back()

    def take_back(self) -> None:
        """Deletes what this intake stored and no version refers to, and ends its claims."""
        from strongroom.services.collect import take_back

        if not self._claimed:
            return
        try:
            take_back(self.desk, self.claimant)
            self._claimed = False
        except StrongroomError as error:
            log.warning("what was stored for nobody is left to collection: %s", error)
            self.release()

    def release(self) -> None:
        if self._claimed:
            self._claimed = False
            try:
                claims.release(self.desk.engine, self.claimant)
            except StrongroomError as error:
                log.warning("claims are left to run out: %s", error)

    def _known(self, files: Sequence[SourceFile]) -> dict[Stat, bytes]:
        """Digests of files unchanged since they were read, and whose bytes are here."""
        stats = [f.stat for f in files]
        cached = {s: d for s, d in zip(stats, self.desk.stats.look_up(stats), strict=True) if d}
        if not cached:
            return {}
        digests = list(set(cached.values()))
        self._claim(digests)
        with self.desk.store.no_collection():
            sound = known_blobs(self.desk.engine, digests)
            here = self.desk.store.locate_all(list(sound))
        return {s: d for s, d in cached.items() if d in here and here[d].size == s.size}

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

    def _claim(self, digests: Iterable[bytes]) -> None:
        renew, self._claimed, self._beat_at = self._claimed, True, time.monotonic()
        if not claims.claim(self.desk.engine, self.claimant, digests, now(), renew):
            raise _ran_out()


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
    if blobs:
        intake.keep_documents(blobs)
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
    on_shelf = desk.store.shelves.get(digest)
    if on_shelf is not None:
        return Piece(path, data=on_shelf[1])
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
        if intake._claimed and not claims.alive(recorder.tx, intake.claimant, now()):
            raise _ran_out()
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
    row = recorder.tx.execute(
        "select last_n from artifacts where name=?", (proposal.name,)
    ).fetchone()
    n = (row[0] if row else 0) + 1
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


def _ran_out() -> Conflict:
    return ClaimsRanOut("the work stood still so long that its claims ran out", "", "add it again")


class ClaimsRanOut(Conflict):
    """Not a matter of one file: what was stored so far may be gone."""


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
