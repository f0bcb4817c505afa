"""Journal and catalog hold the same entries and mend each other: cut, lost, exchanged, old."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from strongroom.audit.entry import parse
from strongroom.audit.segments import Segments
from strongroom.bootstrap import create_registry, diagnose, open_registry, rebuild_registry
from strongroom.domain.errors import Busy, Conflict, Damaged, StrongroomError
from strongroom.domain.timestamps import now
from strongroom.services import collect
from strongroom.services.add import AddOptions
from strongroom.settings import Settings
from strongroom.store.folder import FolderStore
from tests.conftest import add
from tests.journeys.commands import answer, as_ordinary_user, strongroom


@pytest.fixture
def filled(place, make_file):
    """A closed registry: three versions of `m`, a label, a note, a run, a larger file."""
    registry = create_registry(place, Settings(), "cli")
    for n in range(3):
        add(registry, make_file("m.txt", b"content %d" % n), name="m", run="r1")
    registry.label("m@v1", "reviewed", "yes")
    registry.note("m@v2", "better")
    registry.finish_run("r1")
    add(registry, make_file("large.bin", os.urandom(200_000)), name="large")
    registry.close()
    return place


def opened(place: Path):
    return open_registry(place, Settings(), "cli")


def said(place: Path) -> dict:
    registry = opened(place)
    try:
        rows = registry.list_versions(limit=1000)["versions"]
        return {
            "versions": rows,
            "shown": {
                f"{v['name']}@{v['tag']}": registry.show(f"{v['name']}@{v['tag']}") for v in rows
            },
            "runs": registry.list_runs()["runs"],
        }
    finally:
        registry.close()


def segment(place: Path) -> Path:
    return Segments(place / "journal").files()[-1]


def lines(place: Path) -> list[bytes]:
    return segment(place).read_bytes().splitlines(keepends=True)


# ---------------------------------------------------------------- the journal is wounded


def torn(place):
    path = segment(place)
    os.truncate(path, path.stat().st_size - 100)


def flipped(place):
    data = bytearray(segment(place).read_bytes())
    data[-60] ^= 1
    segment(place).write_bytes(data)


def emptied(place):
    segment(place).write_bytes(b"")


def removed(place):
    segment(place).unlink()


def break_lost(place):
    """Two lines become one where the break between them flips."""
    data = bytearray(segment(place).read_bytes())
    data[data.rindex(b"\n", 0, len(data) - 1)] ^= 1
    segment(place).write_bytes(data)


def zeroed_pages(place):
    """As an append over several pages of which one did not reach the disk."""
    path = segment(place)
    data = bytearray(path.read_bytes())
    start = len(data) - len(lines(place)[-1]) - len(lines(place)[-2]) - 20
    data[start : start + 300] = bytes(300)
    path.write_bytes(data)
    (place / "journal" / ".lock").write_bytes(b"")  # nobody said how far it was durable


@pytest.mark.parametrize("wound", [torn, flipped, emptied, removed, break_lost, zeroed_pages])
def test_an_end_of_the_journal_that_is_broken_is_written_again_by_being_opened(filled, wound):
    before, whole = said(filled), lines(filled)
    wound(filled)
    assert said(filled) == before
    assert lines(filled) == whole
    assert diagnose(filled, Settings(), "cli")["ok"], diagnose(filled, Settings(), "cli")


def middle_flipped(place):
    data = bytearray(segment(place).read_bytes())
    data[len(data) // 2] ^= 1
    segment(place).write_bytes(data)


def dropped(place):
    segment(place).write_bytes(b"".join(lines(place)[:3] + lines(place)[4:]))


def swapped(place):
    found = lines(place)
    segment(place).write_bytes(b"".join([*found[:2], found[3], found[2], *found[4:]]))


def twice(place):
    found = lines(place)
    segment(place).write_bytes(b"".join([*found[:4], found[3], *found[4:]]))


@pytest.mark.parametrize("wound", [middle_flipped, dropped, swapped, twice])
@pytest.mark.parametrize("mend", ["fix", "rebuild"])
def test_a_break_in_the_middle_is_named_and_mended_from_the_catalog(filled, wound, mend):
    before, whole = said(filled), lines(filled)
    wound(filled)
    assert not diagnose(filled, Settings(), "cli")["ok"]
    assert said(filled) == before
    if mend == "fix":
        assert diagnose(filled, Settings(), "cli", fix=True)["ok"]
    else:
        assert rebuild_registry(filled)["problems"] == []
    assert said(filled) == before and lines(filled) == whole
    assert diagnose(filled, Settings(), "cli")["ok"], diagnose(filled, Settings(), "cli")
    assert list((filled / "journal").glob("*.aside")), "what was there is kept"


def test_segments_that_are_gone_are_made_again(filled, make_file):
    """Of several the first, the last, and all."""
    registry = opened(filled)
    registry.desk.segments._segment_bytes = 600
    for n in range(6):
        registry.label("m@v1", "n", str(n))
    registry.close()
    before = said(filled)
    whole = b"".join(p.read_bytes() for p in Segments(filled / "journal").files())
    for chosen in (slice(1), slice(2, 3), slice(-1, None), slice(1, 3), slice(None)):
        files = Segments(filled / "journal").files()
        gone = files[chosen]
        assert gone
        for path in gone:
            path.unlink()
        assert said(filled) == before
        diagnose(filled, Settings(), "cli", fix=True)
        assert diagnose(filled, Settings(), "cli")["ok"], gone
        files = Segments(filled / "journal").files()
        assert b"".join(p.read_bytes() for p in files) == whole
        registry = opened(filled)
        rewritten = Segments(filled / "journal", segment_bytes=600)
        rewritten.rewrite((e.seq, e.line) for e in registry.desk.segments.entries())
        registry.close()


def test_the_journal_of_another_registry_is_noticed(filled, tmp_path, make_file):
    other = create_registry(tmp_path / "other", Settings(), "cli")
    for n in range(20):
        add(other, make_file("o.txt", b"other %d" % n), name="o")
    other.close()
    before, ours = said(filled), segment(filled).read_bytes()
    shutil.copy(segment(tmp_path / "other"), segment(filled))
    with pytest.raises(Damaged, match="do not belong together"):
        opened(filled)
    assert answer("doctor", registry=filled, code=6)["ok"] is False
    with pytest.raises(Conflict, match="would be left out"):
        rebuild_registry(filled)
    assert rebuild_registry(filled, accept_loss=True)["problems"] == []
    assert said(filled) == before and segment(filled).read_bytes() == ours
    (kept,) = (filled / "journal").glob("*.aside")
    assert kept.read_bytes() == segment(tmp_path / "other").read_bytes()


# ---------------------------------------------------------------- the catalog is wounded


def test_entries_that_only_the_journal_has_are_taken_over(filled, make_file):
    """An older copy of the catalog was put back."""
    shutil.copy(filled / "catalog.db", filled.parent / "older.db")
    registry = opened(filled)
    add(registry, make_file("m.txt", b"newest"), name="m")
    registry.label("m@v1", "reviewed", "no")
    registry.close()
    before = said(filled)
    shutil.copy(filled.parent / "older.db", filled / "catalog.db")
    assert said(filled) == before
    registry = opened(filled)
    assert add(registry, make_file("m.txt", b"later"), name="m")["tag"] == "v5"
    assert registry.doctor()["ok"]
    registry.close()


@pytest.mark.parametrize("wound", ["gone", "head", "empty", "cut", "noise", "page"])
def test_a_rebuild_brings_all_back_whatever_became_of_the_catalog(filled, wound):
    before = said(filled)
    catalog = filled / "catalog.db"
    data = bytearray(catalog.read_bytes())
    if wound == "gone":
        catalog.unlink()
    else:
        if wound == "head":
            data[:100] = bytes(100)
        elif wound == "cut":
            del data[len(data) // 3 :]
        elif wound == "noise":
            data[:] = os.urandom(len(data))
        elif wound == "page":
            data[8192:12288] = bytes(4096)
        catalog.write_bytes(b"" if wound == "empty" else bytes(data))
    assert rebuild_registry(filled)["problems"] == []
    assert said(filled) == before
    assert diagnose(filled, Settings(), "cli")["ok"], diagnose(filled, Settings(), "cli")


@pytest.mark.parametrize("gap", ["in the middle", "at the end"])
def test_what_no_copy_has_any_more_is_looked_for_in_the_pages_of_the_catalog(filled, gap):
    """The catalog cannot be opened, and the journal lacks lines: both wounds at once."""
    before, found = said(filled), lines(filled)
    segment(filled).write_bytes(
        b"".join(found[:4] + found[6:] if gap == "in the middle" else found[:-2])
    )
    data = bytearray((filled / "catalog.db").read_bytes())
    data[:4096] = os.urandom(4096)
    (filled / "catalog.db").write_bytes(data)
    rebuilt = rebuild_registry(filled)
    assert (rebuilt["problems"], rebuilt["lost"]) == ([], [])
    assert said(filled) == before and lines(filled) == found


def test_an_earlier_catalog_that_was_kept_tells_what_nothing_else_does(filled):
    before, found = said(filled), lines(filled)
    rebuild_registry(filled)
    (filled / "catalog.db").unlink()
    segment(filled).write_bytes(b"".join(found[:2]))
    assert rebuild_registry(filled)["lost"] == []
    assert said(filled) == before
    assert len(list(filled.glob("catalog.db.before-rebuild.*"))) == 1


def lose(place: Path, *numbers: int) -> None:
    """Takes entries out of every copy."""
    kept = [line for line in lines(place) if parse(line).seq not in numbers]
    segment(place).write_bytes(b"".join(kept))
    connection = sqlite3.connect(place / "catalog.db")
    for number in numbers:
        connection.execute("delete from entries where seq = ?", (number,))
    connection.commit()
    connection.execute("vacuum")
    connection.close()


@pytest.mark.parametrize("which", ["middle", "last"])
def test_entries_that_are_lost_are_told_and_no_tag_of_theirs_is_given_again(
    filled, make_file, which
):
    commits = [parse(x) for x in lines(filled) if b'"version.committed"' in x]
    gone = commits[1] if which == "middle" else commits[-1]
    if which == "last":
        registry = opened(filled)
        add(registry, make_file("m.txt", b"to be lost"), name="m")
        registry.close()
        gone = parse(lines(filled)[-1])
    lose(filled, gone.seq)
    rebuilt = rebuild_registry(filled)
    assert rebuilt["lost"] == [[gone.seq, gone.seq]]
    health = diagnose(filled, Settings(), "cli")
    assert not health["ok"]
    assert any("lost for good" in c["detail"] for c in health["checks"])
    registry = opened(filled)
    tag = add(registry, make_file("m.txt", b"something else"), name="m")["tag"]
    assert int(tag[1:]) > gone.details["n"]
    assert int(add(registry, make_file("n.txt"), name="new")["tag"][1:]) > 1
    registry.close()
    again = rebuild_registry(filled, accept_loss=True)
    assert again["lost"] == [[gone.seq, gone.seq]]
    assert diagnose(filled, Settings(), "cli")["ok"], diagnose(filled, Settings(), "cli")
    registry = opened(filled)
    after = int(add(registry, make_file("m.txt", b"and more"), name="m")["tag"][1:])
    assert after == int(tag[1:]) + 1, "a loss counts once"
    registry.close()
    assert diagnose(filled, Settings(), "cli")["ok"], diagnose(filled, Settings(), "cli")


# ---------------------------------------------------------------- documents that cannot be read


def take_out(place: Path, what: str, n: int) -> tuple[bytes, bytes]:
    """Removes a document of `m@vN` from its shelf: `(digest, data)`."""
    ((digest,),) = sqlite3.connect(place / "catalog.db").execute(
        f"select v.{what} from versions v join artifacts a on a.id = v.artifact_id"
        " where a.name = 'm' and n = ?", (n,)
    ).fetchall()  # fmt: skip
    shelf = sqlite3.connect(place / "shelves" / "000001.db")
    ((data,),) = shelf.execute("select data from blobs where digest = ?", (digest,)).fetchall()
    shelf.execute("delete from blobs where digest = ?", (digest,))
    shelf.commit()
    shelf.close()
    return digest, data


def put_back(place: Path, digest: bytes, data: bytes) -> None:
    store = FolderStore(place)
    store.put_small([(digest, data)])
    store.close()


@pytest.mark.parametrize("what", ["content", "record"])
@pytest.mark.parametrize("n", [2, 3])
def test_a_version_whose_documents_are_gone_stays_and_comes_back_with_them(
    filled, make_file, what, n
):
    before = said(filled)
    gone = take_out(filled, what, n)
    assert rebuild_registry(filled)["problems"]
    assert answer("doctor", registry=filled, code=6)["ok"] is False
    registry = opened(filled)
    row = {v["tag"]: v for v in registry.list_versions("m")["versions"]}[f"v{n}"]
    was = next(v for v in before["versions"] if (v["name"], v["tag"]) == ("m", f"v{n}"))
    for key in ("content_digest", "record_digest", "kind", "created_at", "run", "by"):
        assert row[key] == was[key]
    assert row["damaged"]
    with pytest.raises(Damaged):
        registry.show(f"m@v{n}")
    with pytest.raises(Damaged, match="nothing is deleted"):
        collect.collect(registry.desk, grace=0)
    new = add(registry, make_file("m.txt", b"another"), name="m")
    assert new["tag"] == "v4", "a committed tag is never given again"
    registry.close()
    put_back(filled, *gone)
    registry = opened(filled)
    registry.verify(repair=True)
    assert registry.doctor()["ok"], registry.doctor()
    collect.collect(registry.desk, grace=0)  # no longer refused, and nothing of a version goes
    assert registry.verify()["damaged"] == []
    registry.close()
    after = said(filled)
    assert after["shown"][f"m@v{n}"] == before["shown"][f"m@v{n}"]
    assert rebuild_registry(filled)["problems"] == []
    assert said(filled) == after


@pytest.mark.parametrize("keep", [True, False])
def test_what_could_be_seen_before_a_rebuild_can_be_seen_after_it(filled, make_file, keep):
    """The documents are gone, the old catalog still says what they said; or it is gone too."""
    registry = opened(filled)
    add(registry, make_file("x.txt"), name="x", metrics={"auc": 0.9}, params={"lr": 0.1})
    registry.start_run("r2", params={"lr": 0.5})
    registry.finish_run("r2")
    registry.close()
    before = said(filled)
    shelf = sqlite3.connect(filled / "shelves" / "000001.db")
    connection = sqlite3.connect(filled / "catalog.db")
    gone = connection.execute(
        "select record from versions where metric <> '' union select document from runs"
    ).fetchall()
    shelf.executemany("delete from blobs where digest = ?", gone)
    shelf.commit()
    connection.close()
    shelf.close()
    if not keep:
        (filled / "catalog.db").unlink()
    assert rebuild_registry(filled)["problems"]
    registry = opened(filled)
    (row,) = registry.list_versions("x")["versions"]
    assert (row["metrics"] == {"auc": 0.9}) is keep
    assert registry.show_run("r2")["run"]["params"] == {"lr": 0.5}, "as it was recorded before"
    assert row["damaged"] and (registry.list_runs()["runs"] == before["runs"]) is keep
    found = registry.list_versions(text="auc>0.8")["versions"]
    assert bool(found) is keep
    registry.close()


def test_adding_the_same_content_again_brings_a_lost_manifest_back(filled, make_file):
    take_out(filled, "content", 2)
    rebuild_registry(filled)
    registry = opened(filled)
    version = add(registry, make_file("m.txt", b"content 1"), name="m")
    assert (version["tag"], version["created"]) == ("v2", False)
    assert registry.doctor()["ok"], registry.doctor()
    assert registry.show("m@v2")["manifest"]["files"][0]["size"] == 9
    registry.close()


def test_known_damage_survives_a_rebuild(filled):
    registry = opened(filled)
    (file,) = registry.show("large@v1")["manifest"]["files"]
    path = registry.desk.store.object_path(bytes.fromhex(file["sha256"]))
    os.chmod(path, 0o644)
    path.write_bytes(b"wrong" * 40_000)
    assert len(registry.verify()["damaged"]) == 1
    registry.close()
    rebuild_registry(filled)
    assert answer("doctor", registry=filled, code=6)["ok"] is False
    registry = opened(filled)
    assert registry.show("large@v1")["damaged"] and not registry.show("m@v1")["damaged"]
    registry.close()


def test_damage_of_what_nothing_needs_any_more_is_forgotten(filled):
    """What was recorded of a run before, on a shelf that was damaged meanwhile."""
    registry = opened(filled)
    ((line,),) = registry.desk.engine.rows(
        "select line from entries where action = 'run.recorded' order by seq limit 1"
    )
    old = bytes.fromhex(parse(line).details["document"].removeprefix("sha256:"))
    with registry.desk.engine.writing() as tx:
        tx.execute("insert into damage values (?, 1, 'its shelf was damaged', '')", (old,))
    assert registry.doctor()["ok"], registry.doctor()
    assert registry.status()["damaged"] == 0
    registry.close()


def test_what_was_recorded_of_a_run_before_may_be_collected(filled):
    registry = opened(filled)
    for n in range(3):
        registry.start_run(f"s{n}")
        registry.finish_run(f"s{n}")
    collect.collect(registry.desk)
    assert collect.collect(registry.desk, grace=0).deleted > 0
    before = registry.list_runs()
    registry.close()
    assert rebuild_registry(filled)["problems"] == []
    registry = opened(filled)
    assert registry.list_runs() == before
    assert registry.doctor()["ok"], registry.doctor()
    registry.close()


# ---------------------------------------------------------------- the catalog says other things


@pytest.mark.parametrize(
    "change",
    [
        "update versions set n = 7 where n = 2",
        "update versions set content = (select content from versions where n = 1 limit 1)"
        " where n = 3",
        "update artifacts set name = 'n' where name = 'm'",
        "update labels set value = 'no'",
        "update runs set status = 'running'",
        "update facts set number = 0.5 where number is not null",
        "delete from notes",
        "update versions set seq = seq + 1 where n = 1",
    ],
)
def test_a_catalog_that_says_something_else_is_found_and_made_again(filled, change, make_file):
    registry = opened(filled)
    add(registry, make_file("x.txt"), name="x", metrics={"auc": 0.9})
    registry.close()
    before = said(filled)
    connection = sqlite3.connect(filled / "catalog.db")
    assert connection.execute(change).rowcount
    connection.commit()
    connection.close()
    assert answer("doctor", registry=filled, code=6)["ok"] is False
    truth = {ref: one["content_digest"] for ref, one in before["shown"].items()}
    registry = opened(filled)
    for ref, digest in truth.items():
        with contextlib.suppress(StrongroomError):
            assert registry.show(ref)["content_digest"] == digest, "a tag means other content"
    registry.close()
    rebuild_registry(filled)
    assert said(filled) == before


# ---------------------------------------------------------------- registry.json, clock, turns


@pytest.mark.parametrize("wound", ["gone", "empty", "flipped", "noise"])
def test_a_lost_registry_json_is_made_again(filled, wound):
    before, marker = said(filled), filled / "registry.json"
    told = marker.read_bytes()
    if wound == "gone":
        marker.unlink()
    else:
        flip = bytes([*told[:20], told[20] ^ 1, *told[21:]])
        marker.write_bytes({"empty": b"", "flipped": flip, "noise": os.urandom(90)}[wound])
    assert said(filled) == before
    assert marker.read_bytes() == told
    assert diagnose(filled, Settings(), "cli")["ok"], diagnose(filled, Settings(), "cli")


def test_without_journal_and_catalog_nothing_is_made_up(filled):
    segment(filled).unlink()
    (filled / "catalog.db").unlink()
    done = strongroom("list", registry=filled, code=6)
    assert "only they name what is stored" in done.stderr
    assert not (filled / "catalog.db").exists()
    assert diagnose(filled, Settings(), "cli", fix=True)["ok"] is False


def test_a_clock_that_ran_ahead_is_told_of_and_is_no_fault_for_ever(filled, monkeypatch):
    registry = opened(filled)
    with monkeypatch.context() as patch:
        patch.setattr("strongroom.services.desk.now", lambda: now() + 30 * 86_400 * 10**6)
        registry.label("m@v1", "written", "by a clock that is a month ahead")
    (told,) = [c for c in registry.doctor()["checks"] if c["name"] == "clock"]
    assert told["ok"] and "ahead of this clock" in told["detail"]
    registry.label("m@v1", "written", "later")
    assert registry.doctor()["ok"]
    registry.close()


def test_a_rebuild_gets_its_turn_beside_readers_that_come_and_go(filled):
    stop, trouble = threading.Event(), []

    def read_on() -> None:
        while not stop.is_set():
            try:
                opened(filled).close()
            except Busy:
                pass
            except Exception as error:
                trouble.append(error)

    readers = [threading.Thread(target=read_on) for _ in range(4)]
    for reader in readers:
        reader.start()
    try:
        assert rebuild_registry(filled)["problems"] == []
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    assert trouble == []


def test_a_rebuild_that_was_ended_leaves_nothing_behind(filled):
    for name in ("catalog.rebuilt.db", "catalog.rebuilt.db-wal", "catalog.rebuilt.db-journal"):
        (filled / name).write_bytes(b"half")
    opened(filled).close()
    assert list(filled.rglob("*rebuilt*")) == []


def test_reading_goes_on_where_the_journal_cannot_be_written_to(filled, tmp_path, monkeypatch):
    registry = opened(filled)
    monkeypatch.setattr(Segments, "catch_up", _unwritable)
    with pytest.raises(StrongroomError, match="read-only"):
        registry.label("m@v1", "a", "b")
    registry.close()
    registry = opened(filled)  # the catalog is ahead by one entry now
    registry.get("m@v1", tmp_path / "out")
    assert registry.show("m@v1")["labels"]["a"] == "b"
    monkeypatch.undo()
    registry.label("m@v1", "c", "d")
    assert registry.doctor()["ok"]
    registry.close()


def _unwritable(self, fetch, upto, line_of=lambda seq: None):
    from strongroom.domain.errors import Unreachable

    raise Unreachable("writing the journal failed (read-only)", str(self.folder), "look at it")


def test_two_that_add_a_run_folder_at_once_make_one_run(registry, reopen, make_file, monkeypatch):
    """Each looks before the other has recorded it; the number of a run is given inside."""
    from strongroom.services import added_runs

    folder = make_file("job/model.safetensors", (2).to_bytes(8, "little") + b"{}").parent
    make_file("job/config.json", b'{"lr": 0.1}')
    make_file("job/metrics.csv", b"step,auc\n1,0.9\n")
    other, real, met = reopen(), added_runs.read_run, threading.Barrier(2)

    def meet(*arguments):
        found = real(*arguments)
        met.wait(20)
        return found

    monkeypatch.setattr(added_runs, "read_run", meet)
    with ThreadPoolExecutor(2) as threads:
        adding = [
            threads.submit(one.add, [os.fsencode(folder.parent)], AddOptions(split="runs"))
            for one in (registry, other)
        ]
        for one in adding:
            one.result()
    assert len(registry.list_runs()["runs"]) == 1


# ---------------------------------------------------------------- single bits and odd files


def test_no_single_bit_of_the_catalog_keeps_the_registry_shut_for_ever(filled):
    """Also where it makes a blob a text, a place no place, or a time no time."""
    before = said(filled)
    shutil.copytree(filled, filled.parent / "sound")
    for change in (
        "update entries set line = cast(line as text) where seq = (select max(seq) from entries)",
        "update entries set line = cast(line as text) where seq = 4",
        "update entries set at = 'x'",
        "update entries set hash = cast(hash as blob)",
        "update entries set object = 'x'",
        "update storage set place = 'q'",
        "update storage set form = 'shelg'",
        "update versions set content = cast(content as text) where n = 2",
        "update versions set document = '{' where n = 2",
        "update runs set text = x'00'",
        "delete from entries where seq = 4",
    ):
        connection = sqlite3.connect(filled / "catalog.db")
        connection.execute(change)
        connection.commit()
        connection.close()
        told = strongroom("doctor", registry=filled, code=6 if "storage" not in change else 0)
        assert "internal error" not in told.stdout + told.stderr, change
        diagnose(filled, Settings(), "cli", fix=True)
        rebuild_registry(filled)
        assert said(filled) == before, change
        assert diagnose(filled, Settings(), "cli")["ok"], change
        shutil.rmtree(filled)
        shutil.copytree(filled.parent / "sound", filled)


@pytest.mark.parametrize("bit", range(0, 8 * 60, 7))
def test_no_bit_of_the_mark_makes_up_entries(filled, bit):
    mark = bytearray((filled / "journal" / ".lock").read_bytes())
    if bit // 8 >= len(mark):
        return
    mark[bit // 8] ^= 1 << bit % 8
    (filled / "journal" / ".lock").write_bytes(mark)
    assert diagnose(filled, Settings(), "cli")["ok"]


def test_a_file_that_only_looks_like_a_segment_is_none(filled):
    (filled / "journal" / "20261130.jsonl").write_bytes(segment(filled).read_bytes())
    registry = opened(filled)
    registry.label("m@v1", "a", "b")
    assert registry.doctor()["ok"]
    registry.close()
    assert b'"version.labelled"' in lines(filled)[-1]


def test_a_line_of_brackets_is_no_entry(filled):
    with open(segment(filled), "ab") as out:
        out.write(b"[" * 200_000 + b"\n")
    before = lines(filled)[:-1]
    opened(filled).close()
    assert lines(filled) == before
    assert list((filled / "journal").glob("*.aside"))


def test_the_bytes_of_a_lost_entry_are_not_collected(filled):
    commits = [parse(x) for x in lines(filled) if b'"version.committed"' in x]
    kept = lines(filled)
    lose(filled, commits[1].seq)
    rebuild_registry(filled)
    registry = opened(filled)
    with pytest.raises(Damaged, match="nothing is deleted"):
        collect.collect(registry.desk, grace=0)
    registry.close()
    rewritten = b"".join(kept)  # a copy of the journal turns up
    segment(filled).write_bytes(rewritten)
    for kept_catalog in filled.glob("catalog.db*"):
        kept_catalog.unlink()
    assert rebuild_registry(filled)["problems"] == []
    registry = opened(filled)
    assert registry.verify()["damaged"] == [] and registry.show("m@v2")["size"] == 9
    registry.close()


def test_a_fix_beside_a_writer_takes_no_line_out_of_the_journal(filled, monkeypatch):
    found = lines(filled)
    segment(filled).write_bytes(b"".join(found[:3] + found[4:]))
    fixing, writing = opened(filled), opened(filled)
    real = Segments.rewrite

    def while_somebody_writes(self, entries):
        writing.label("m@v1", "written", "meanwhile")
        return real(self, entries)

    monkeypatch.setattr(Segments, "rewrite", while_somebody_writes)
    health = fixing.doctor(fix=True)
    assert health["ok"], health
    assert b'"meanwhile"' in lines(filled)[-1]
    fixing.close()
    writing.close()


def test_a_database_of_somebody_else_is_not_touched_by_init(tmp_path):
    place = tmp_path / "r"
    place.mkdir()
    connection = sqlite3.connect(place / "catalog.db")
    connection.execute("create table entries(seq integer, line text)")
    connection.execute("insert into entries values (1, 'theirs')")
    connection.commit()
    connection.close()
    before = (place / "catalog.db").read_bytes()
    with pytest.raises(Conflict, match="not empty"):
        create_registry(place, Settings(), "cli")
    assert (place / "catalog.db").read_bytes() == before


def test_a_newer_schema_is_read_and_nothing_of_its_store_is_moved(filled):
    shelf = filled / "shelves" / "000001.db"
    data = bytearray(shelf.read_bytes())
    data[:4096] = os.urandom(4096)
    shelf.write_bytes(data)
    connection = sqlite3.connect(filled / "catalog.db")
    connection.execute("pragma user_version = 99")
    connection.close()
    registry = opened(filled)
    with pytest.raises(Damaged):
        registry.show("m@v1")
    for act in (lambda: registry.verify(repair=True), lambda: registry.doctor(fix=True)):
        with pytest.raises(Conflict, match="newer"):
            act()
    registry.close()
    assert list((filled / "quarantine").iterdir()) == [] and shelf.read_bytes() == bytes(data)


def test_a_shelf_that_went_while_it_was_open_is_not_written_to(filled, make_file, tmp_path):
    registry = opened(filled)
    add(registry, make_file("a.txt", b"one"))
    for path in (filled / "shelves").glob("000001.db*"):
        path.unlink()
    add(registry, make_file("b.txt", b"two"))
    registry.close()
    registry = opened(filled)
    registry.get("b.txt", tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"two"
    registry.close()


def test_a_shelf_set_aside_by_another_process_is_not_written_to(filled, make_file, tmp_path):
    registry, other = opened(filled), opened(filled)
    add(registry, make_file("a.txt", b"one"))
    other.desk.store.mend_shelf(1)
    add(registry, make_file("b.txt", b"two"))
    registry.close()
    other.close()
    registry = opened(filled)
    registry.get("b.txt", tmp_path / "out")
    assert registry.desk.store.shelves.numbers()[-1] > 1, "its number is not used again"
    registry.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes an ordinary user, which takes root")
def test_an_ordinary_user_reads_a_sealed_shelf_that_another_process_has_open(tmp_path):
    """Modes mean nothing to root, so that this is done without its capabilities."""
    place = tmp_path / "registry"
    script = tmp_path / "read.py"
    script.write_text(
        "import sys, hashlib\nfrom pathlib import Path\n"
        "from strongroom.store.folder import FolderStore\n"
        "store = FolderStore(Path(sys.argv[1]), seal_bytes=30_000)\n"
        "datas = [bytes([n]) * 5000 for n in range(12)]\n"
        "digest = lambda data: hashlib.sha256(data).digest()\n"
        "if sys.argv[2] == 'write':\n"
        "    for data in datas: store.put_small([(digest(data), data)])\n"
        "assert all(store.read(digest(data)) == data for data in datas)\n"
        "if sys.argv[2] == 'write':\n"
        "    import subprocess\n"
        "    sys.exit(subprocess.run([sys.executable, *sys.argv[:2], 'read']).returncode)\n"
    )
    create_registry(place, Settings(), "cli").close()
    done = subprocess.run(
        [*as_ordinary_user(), sys.executable, str(script), str(place), "write"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
