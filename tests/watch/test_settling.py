"""Settling as a state machine, and names that are passed over."""

from __future__ import annotations

import pytest

from strongroom.disk.listing import Stat
from strongroom.watch.names import is_temporary, load_ignore
from strongroom.watch.settling import Settling

NS = 1_000_000_000


def stat(size=1, changed=1000.0, ino=1):
    return Stat(1, ino, size, int(changed * NS), int(changed * NS))


def test_a_file_settles_after_the_quiet_time():
    s = Settling(2.0)
    s.observe(b"a", stat(), at=10.0, wall_ns=1000 * NS)
    assert s.due(11.9) == [] and s.moving(11.9) == [b"a"]
    assert s.due(12.0) == [b"a"]


def test_every_change_starts_the_quiet_time_anew():
    s = Settling(2.0)
    s.observe(b"a", stat(size=1), at=10.0, wall_ns=1000 * NS)
    s.observe(b"a", stat(size=2, changed=1001.5), at=11.5, wall_ns=int(1001.5 * NS))
    assert s.due(12.5) == []
    assert s.due(13.5) == [b"a"]


def test_seeing_the_same_state_again_does_not():
    s = Settling(2.0)
    for at in (10.0, 11.0, 11.9):
        s.observe(b"a", stat(), at=at, wall_ns=int((990 + at) * NS))
    assert s.due(12.0) == [b"a"]


def test_an_old_file_is_at_rest_when_first_seen():
    s = Settling(2.0)
    s.observe(b"a", stat(changed=1000), at=10.0, wall_ns=1003 * NS)
    assert s.due(10.0) == [b"a"]


def test_an_old_mtime_does_not_hide_a_fresh_write():
    s = Settling(2.0)
    s.observe(b"a", Stat(1, 1, 1, 0, 1000 * NS), at=10.0, wall_ns=1000 * NS)
    assert s.due(10.0) == []


def test_a_change_from_the_future_waits_a_quiet_time_only():
    s = Settling(2.0)
    s.observe(b"a", stat(changed=9999), at=10.0, wall_ns=1000 * NS)
    assert s.due(11.0) == [] and s.due(12.0) == [b"a"]


def test_a_rename_settles_at_once():
    s = Settling(2.0)
    s.observe(b"a", stat(changed=1000), at=10.0, wall_ns=1000 * NS, renamed=True)
    assert s.due(10.0) == [b"a"]


def test_a_writer_that_is_still_there_means_waiting_again():
    s = Settling(2.0)
    s.observe(b"a", stat(), at=10.0, wall_ns=1000 * NS)
    s.wait_again(b"a", at=12.0)
    assert s.due(13.0) == [] and s.due(14.0) == [b"a"]
    s.forget(b"a")
    assert len(s) == 0 and b"a" not in s


@pytest.mark.parametrize(
    ("name", "waits"),
    [
        (b"model.tmp", True),
        (b".model.safetensors.tmp", True),
        (b"data.csv.part", True),
        (b"x.crdownload", True),
        (b".~lock.a.odt#", True),
        (b".train.py.swp", True),
        (b"a~", True),
        (b"model.pt", False),
        (b".hidden.csv", False),
        (b"tmp.csv", False),
        (b"part1.bin", False),
    ],
)
def test_temporary_names(name, waits):
    assert is_temporary(b"deep/" + name) == waits


def test_the_ignore_file_follows_gitignore(tmp_path):
    (tmp_path / ".strongroomignore").write_text("*.log\n!keep.log\ncache/\n/top.txt\n")
    skip, problem = load_ignore(bytes(tmp_path))
    assert problem == ""
    taken = [b"keep.log", b"sub/top.txt", b"a.csv", b"caf\xe9.csv"]
    assert [p for p in taken if skip(p)] == []
    assert all(skip(p) for p in (b"a.log", b"sub/a.log", b"cache/", b"top.txt", b".git/"))


def test_folders_of_tools_and_those_that_wait_for_their_rename_are_passed_over(tmp_path):
    skip, _ = load_ignore(bytes(tmp_path))
    passed = (b"a/.git/", b"a/.dvc/cache/", b"__pycache__/", b"tmp-checkpoint-3/", b"m.tmp/")
    assert [skip(p) for p in passed] == ["-"] * len(passed)
    taken = (b".dvc/", b"cache/", b"checkpoint-3/", b"tmp/", b"git/", b"a.git")
    assert [skip(p) for p in taken] == [""] * len(taken)


def test_the_ignore_file_may_begin_with_a_byte_order_mark(tmp_path):
    (tmp_path / ".strongroomignore").write_bytes(b"\xef\xbb\xbf*.log\r\n# note\r\n")
    skip, problem = load_ignore(bytes(tmp_path))
    assert problem == "" and skip(b"a.log") and not skip(b"a.csv")


def test_a_broken_ignore_file_is_said_and_ignores_nothing(tmp_path):
    (tmp_path / ".strongroomignore").write_bytes(b"\xff\xfe*.csv")
    skip, problem = load_ignore(bytes(tmp_path))
    assert "cannot be read" in problem and skip(b"a.csv") == ""


def test_the_next_file_to_settle_is_known_beforehand():
    s = Settling(2.0)
    assert s.next_after(10.0) == float("inf")
    s.observe(b"a", stat(), at=10.0, wall_ns=1000 * NS)
    s.observe(b"b", stat(), at=11.0, wall_ns=1000 * NS)
    assert s.next_after(10.0) == 12.0 and s.next_after(12.0) == 13.0
