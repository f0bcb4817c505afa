"""Entries and segments: the chain, torn tails, several writers, and tampering."""

from __future__ import annotations

import errno
import json
import os
import threading

import pytest

from strongroom.audit.entry import BadEntry, parse, seal
from strongroom.audit.segments import Segments
from strongroom.domain.entry import GENESIS, Draft
from strongroom.domain.errors import Damaged, StrongroomError, Unreachable


def chain(count: int, start: int = 1, prev: str = GENESIS):
    entries = []
    for seq in range(start, start + count):
        entry = seal(
            Draft("test.did", {"type": "x", "id": str(seq)}, {"value": 1.0, "n": 2**60}),
            seq,
            1_000_000 * seq,
            "ana",
            "cli",
            "req",
            prev,
        )
        entries.append(entry)
        prev = entry.hash
    return entries


def fetch_from(entries):
    return lambda last: [(e.seq, e.line) for e in entries if e.seq > last][:3]


@pytest.fixture
def segments(tmp_path):
    return Segments(tmp_path, segment_bytes=1000)


def test_an_entry_is_read_back_as_it_was():
    (entry,) = chain(1)
    assert parse(entry.line) == entry
    assert json.loads(entry.line)["details"]["value"] == {"$float": "1.0"}


@pytest.mark.parametrize(
    "change",
    [
        (b'"ana"', b'"eve"'),
        (b'"seq":1', b'"seq":2'),
        (b"test.did", b"test.not"),
        (b"allowed", b"denied_"),
    ],
)
def test_a_changed_entry_is_found(change):
    (entry,) = chain(1)
    with pytest.raises(BadEntry):
        parse(entry.line.replace(*change))


@pytest.mark.parametrize("line", [b"", b"{}", b"[]", b"nonsense", b'{"hash": 3}', b"\xff"])
def test_what_is_no_entry_is_refused(line):
    with pytest.raises(BadEntry):
        parse(line)


def test_segments_are_cut_and_read_in_order(segments):
    entries = chain(20)
    segments.catch_up(fetch_from(entries), 20)
    assert len(segments.files()) > 2
    assert [e.seq for e in segments.entries()] == list(range(1, 21))
    assert segments.last_seq() == 20


def test_catching_up_writes_only_what_is_missing(segments):
    entries = chain(6)
    segments.catch_up(fetch_from(entries[:4]), 4)
    segments.catch_up(fetch_from(entries), 6)
    segments.catch_up(fetch_from(entries), 5)
    assert [e.seq for e in segments.entries()] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("cut", [1, 10, 100])
def test_a_torn_last_line_is_no_entry_and_is_written_again(segments, cut):
    entries = chain(2)
    segments.catch_up(fetch_from(entries), 2)
    path = segments.files()[-1]
    path.write_bytes(path.read_bytes()[:-cut])
    assert [e.seq for e in segments.entries()] == [1]
    segments.catch_up(fetch_from(entries), 2)
    assert [e.seq for e in segments.entries()] == [1, 2]


def test_a_segment_that_was_only_named_is_harmless(segments):
    entries = chain(2)
    segments.catch_up(fetch_from(entries[:1]), 1)
    (segments.folder / "000000000002.jsonl").touch()
    segments.catch_up(fetch_from(entries), 2)
    assert [e.seq for e in segments.entries()] == [1, 2]


@pytest.mark.parametrize("tamper", ["drop", "swap", "edit"])
def test_dropped_swapped_and_edited_lines_are_found(segments, tamper):
    segments.catch_up(fetch_from(chain(3)), 3)
    path = segments.files()[0]
    lines = path.read_bytes().splitlines(keepends=True)
    if tamper == "drop":
        del lines[1 if len(lines) > 2 else 0]
    elif tamper == "swap":
        lines[0], lines[1] = lines[1], lines[0]
    else:
        lines[0] = lines[0].replace(b'"ana"', b'"eve"')
    path.write_bytes(b"".join(lines))
    with pytest.raises(Damaged):
        list(segments.entries())


def test_writers_at_once_leave_one_whole_chain(tmp_path):
    entries = chain(200)

    def write(upto):
        Segments(tmp_path).catch_up(fetch_from(entries), upto)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(20, 201, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [e.seq for e in Segments(tmp_path).entries()] == list(range(1, 201))


# ---------------------------------------------------------------- a disk that fails


def wordy(count: int):
    """Entries with a line of over 2 MiB each, as a folder with thousands of warnings makes."""
    entries, prev = [], GENESIS
    for seq in range(1, count + 1):
        warnings = [f"link {n}: left out, the link leads nowhere" for n in range(50_000)]
        entry = seal(Draft("t", {}, {"warnings": warnings}), seq, seq, "ana", "cli", "r", prev)
        entries.append(entry)
        prev = entry.hash
    return entries


@pytest.mark.parametrize("cut", [1, 1_500_000])
def test_a_torn_line_of_megabytes_is_cut_off_whole(segments, cut):
    first, second = wordy(2)
    segments.catch_up(fetch_from([first]), 1)
    path = segments.files()[-1]
    whole = path.read_bytes()
    path.write_bytes(whole + second.line[:-cut])
    assert segments.last_seq() == 1
    segments.catch_up(fetch_from([first]), 1)
    assert path.read_bytes() == whole
    segments.catch_up(fetch_from([first, second]), 2)
    assert [e.seq for e in segments.entries()] == [1, 2]


def test_lines_whose_fsync_failed_are_written_again(segments, monkeypatch):
    """After a failed fsync the kernel may have dropped the pages and calls the next one sound."""
    entries = chain(2)
    segments.catch_up(fetch_from(entries[:1]), 1)
    (path,) = segments.files()
    before = path.read_bytes()

    def fail(fd):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fail)
        with pytest.raises(Unreachable):
            segments.catch_up(fetch_from(entries), 2)
    assert path.read_bytes() == before
    synced = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (synced.append(fd), real(fd)))
    segments.catch_up(fetch_from(entries), 2)
    assert synced and [e.seq for e in segments.entries()] == [1, 2]


def test_a_segment_that_cannot_be_read_is_said_in_words(segments, monkeypatch):
    segments.catch_up(fetch_from(chain(1)), 1)
    path = segments.files()[0]
    path.unlink()
    path.mkdir()
    with pytest.raises(StrongroomError) as caught:
        list(segments.entries())
    assert str(path) in str(caught.value)
