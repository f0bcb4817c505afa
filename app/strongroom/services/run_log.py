"""The end of a run's log: of the growing file while it runs, of what was kept after that."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from typing import Any

from strongroom.catalog import catalog, watching
from strongroom.catalog.catalog import RunRow, VersionRow
from strongroom.domain.errors import NotFound, StrongroomError, printable
from strongroom.domain.facts import Kind, RunStatus
from strongroom.extract.layouts import LAYOUTS
from strongroom.formats.text import decode, without_codes
from strongroom.services.access import act
from strongroom.services.desk import Desk
from strongroom.services.run_paths import folder_of

Document = dict[str, Any]

MAX_LINES = 5000
#: Bytes from the end that are looked at, and entries of the run's folder.
_TAIL = 512 << 10
_ENTRIES = 5000
#: A stored log is read from its beginning, because every byte is verified; not without end.
_LONGEST = 256 << 20
#: Of several logs the first of these words in the name, then the newest.
_BEST = ("train", "stdout", "output", "run", "console")


@act("run.find")
def run_log(desk: Desk, run: str, lines: int = 400) -> Document:
    """`{"text", "file", "ref", "cut", "reason"}`: the last `lines` lines of the run's log.

    `ref` names the version it was read from, None where it still grows; `cut` tells whether more
    stands before; `reason` says why `text` is "". Raises `NotFound` for an unknown run.
    """
    row = catalog.run_by_id(desk.engine, run)
    if row is None:
        raise NotFound("there is no such run", run, "see `strongroom run list`")
    lines = max(1, min(lines, MAX_LINES))
    if row.status == RunStatus.RUNNING:
        growing = _growing(desk, row)
        if growing is not None:
            name, data, cut = growing
            return _answer(data, lines, name, None, cut)
    stored = _stored(desk, row)
    if stored is None:
        reason = (
            "This run has not written a log yet."
            if row.status == RunStatus.RUNNING
            else "No log of this run was kept."
        )
        return {"text": "", "file": "", "ref": None, "cut": False, "reason": reason}
    return _of_version(desk, *stored, lines)


def _answer(data: bytes, lines: int, name: str, ref: str | None, cut: bool) -> Document:
    text, more = tail(data, lines, cut)
    return {
        "text": text,
        "file": printable(name),
        "ref": ref,
        "cut": more,
        "reason": ""
        if text
        else "The log is empty so far."
        if ref is None
        else "The log is empty.",
    }


def tail(data: bytes, lines: int, cut: bool = False) -> tuple[str, bool]:
    """The last lines as plain text, and whether more stood before; `cut`: `data` had a beginning.

    Of a line that a progress bar wrote over and over only its last state stays; colours and
    other control characters go.
    """
    text = without_codes(decode(data)).replace("\r\n", "\n")
    found = text.split("\n")
    if cut and len(found) > 1:
        del found[0]  # most likely half a line
    ended = bool(found) and found[-1] == ""
    if ended:
        del found[-1]
    more = cut or len(found) > lines
    shown = (line.rstrip("\r").rpartition("\r")[2] for line in found[-lines:])
    return "\n".join(printable_line(line) for line in shown), more


def printable_line(line: str) -> str:
    return "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in line)


# ---------------------------------------------------------------------- while it runs


def _growing(desk: Desk, row: RunRow) -> tuple[str, bytes, bool] | None:
    """Name, end and whether that is cut, of the log in the run's own folder."""
    watch = next((w for w in watching.all_watches(desk.engine) if w.id == row.watch_id), None)
    layout = next((one for one in LAYOUTS if one.name == row.layout), None)
    if watch is None or layout is None:
        return None
    folder = os.path.join(watch.root, os.fsencode(folder_of(row.path)))
    found = []
    for path, info in _files_below(folder):
        text = os.fsdecode(path)
        role = layout.role(text)
        if role is not None and role.kind is Kind.LOG:
            found.append((_rank(text), -info.st_mtime_ns, text, path))
    for _, _, text, path in sorted(found):
        read = _end_of(os.path.join(folder, path))
        if read is not None:
            return text, *read
    return None


def _files_below(folder: bytes) -> Iterator[tuple[bytes, os.stat_result]]:
    """Regular files and their paths below the folder; links are not followed."""
    waiting, left = [b""], _ENTRIES
    while waiting and left > 0:
        below = waiting.pop()
        try:
            with os.scandir(os.path.join(folder, below) if below else folder) as entries:
                for entry in entries:
                    left -= 1
                    if left < 0:
                        return
                    path = os.path.join(below, entry.name)
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(path)
                    elif entry.is_file(follow_symlinks=False):
                        yield path, entry.stat(follow_symlinks=False)
        except OSError:
            continue  # gone, or not ours to read


def _end_of(location: bytes) -> tuple[bytes, bool] | None:
    """The last bytes of a regular file; None where it is none or cannot be read."""
    try:
        fd = os.open(location, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        info = os.fstat(fd)
        if not stat.S_ISREG(info.st_mode):
            return None
        start = max(0, info.st_size - _TAIL)
        return os.pread(fd, _TAIL, start), start > 0
    except OSError:
        return None
    finally:
        os.close(fd)


# ---------------------------------------------------------------------- after it ended


def _stored(desk: Desk, row: RunRow) -> tuple[VersionRow, str] | None:
    """The version of kind log that the run made, and the file in it that is the log."""
    from strongroom.services.documents import StoredDocuments

    found = []
    for name, n in catalog.outputs_by_run(desk.engine, [row.id]).get(row.id, []):
        version = catalog.version_by_n(desk.engine, name, n)
        if version is not None and version.kind == Kind.LOG:
            found.append((_rank(name), -version.created_at, name, version))
    if not found:
        return None
    version = min(found, key=lambda one: one[:3])[3]
    files = StoredDocuments(desk.store).files(version.content, _ENTRIES)
    paths = [os.fsdecode(entry.path) for entry in files]
    return (version, min(paths, key=lambda p: (_rank(p), p))) if paths else None


def _of_version(desk: Desk, version: VersionRow, path: str, lines: int) -> Document:
    from strongroom.services.export import cat

    ref = f"{version.artifact}@v{version.n}"
    if version.size > _LONGEST:
        return {
            "text": "",
            "file": printable(path),
            "ref": ref,
            "cut": True,
            "reason": f"The log is longer than {_LONGEST >> 20} MiB; export {ref} to read it.",
        }
    kept, size = b"", 0
    try:
        for chunk in cat(desk, ref, path):
            size += len(chunk)
            kept = (kept + chunk)[-_TAIL:]
    except StrongroomError as error:
        return {
            "text": "",
            "file": printable(path),
            "ref": ref,
            "cut": False,
            "reason": f"The log cannot be read: {error.what}.",
        }
    return _answer(kept, lines, path, ref, size > len(kept))


def _rank(path: str) -> int:
    name = os.path.basename(path).lower()
    return next((rank for rank, word in enumerate(_BEST) if word in name), len(_BEST))
