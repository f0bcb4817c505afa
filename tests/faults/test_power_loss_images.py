"""The models themselves, on recordings made by hand: each loses what it may, and nothing else."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.fast import fast_folder
from tests.faults.power_loss import story
from tests.faults.power_loss.images import EXCHANGE, MODELS, PAGE, Log, image, instants
from tests.faults.power_loss.recording import Op, Recording, keep, load, tree_of

CHANCES = 60
A, B = b"a" * PAGE * 3, b"b" * PAGE * 3


def create(inode: int, path: str) -> Op:
    return Op("C", 1, inode, 0, path)


def write(inode: int, data: bytes, offset: int = 0) -> Op:
    return Op("W", 1, inode, offset, "", data)


def cut(inode: int, size: int) -> Op:
    return Op("T", 1, inode, size, "")


def sync(inode: int, path: str = "x") -> Op:
    return Op("S", 1, inode, 0, path)


def rename(source: str, target: str, flags: int = 0) -> Op:
    return Op("R", 1, 0, flags, source, b"", target)


SYNC_ROOT = sync(1, "")
#: A file of old content that is there for sure.
THERE = [create(10, "f"), write(10, A), sync(10), SYNC_ROOT]


def trees(model: str, ops: list[Op], k: int | None = None) -> list[dict[str, bytes | None]]:
    """What the model makes of it, by many chances."""
    log = Log(ops)
    return [
        image(log, model, seed, log.length if k is None else k).tree() for seed in range(CHANCES)
    ]


@pytest.mark.parametrize("model", MODELS)
def test_what_was_synced_is_there_in_every_model(model):
    later = [create(11, "later"), write(10, B[:100], 50)]
    for tree in trees(model, THERE + later, len(THERE)):
        assert tree == {"f": A}


@pytest.mark.parametrize("model", MODELS)
def test_sync_of_everything(model):
    ops = [create(10, "f"), write(10, A), rename("f", "g"), Op("A", 1, 0, 0, "")]
    assert all(tree == {"g": A} for tree in trees(model, ops))


def test_a_rename_whose_folder_is_not_synced():
    ops = [*THERE, rename("f", "g")]
    assert all(tree == {"f": A} for tree in trees("strict", ops))
    assert all(tree == {"g": A} for tree in trees("eager", ops))
    either = [{"f": A}, {"g": A}]
    for model in ("journaled", "reordered"):
        found = trees(model, ops)
        assert all(one in found for one in either) and all(tree in either for tree in found), model
    found = trees("lazy", ops)
    assert all(one in found for one in [*either, {"f": A, "g": A}])


def test_a_name_that_is_not_synced_is_no_name_for_synced_data():
    ops = [create(10, "f"), write(10, A), sync(10)]
    assert all(tree == {} for tree in trees("strict", ops))
    assert all(tree == {"f": A} for tree in trees("journaled", ops)), "any sync forces metadata"


def test_data_that_is_not_synced_under_a_name_that_is():
    ops = [create(10, "f"), write(10, A), SYNC_ROOT]
    assert all(tree == {"f": b""} for tree in trees("strict", ops))
    found = {tree["f"] for tree in trees("reordered", ops)}
    assert {b"", A, bytes(len(A))} <= found


def test_torn_pages_are_each_old_or_new():
    ops = [*THERE, write(10, B)]
    for model in ("journaled", "reordered"):
        found = {tree["f"] for tree in trees(model, ops)}
        for data in found:
            assert len(data) == len(A)
            pages = [data[at : at + PAGE] for at in range(0, len(data), PAGE)]
            assert all(page in (A[:PAGE], B[:PAGE]) for page in pages)
        assert A in found and B in found and len(found) > 4, model
    assert {tree["f"] for tree in trees("strict", ops)} == {A}


def test_only_the_last_write_is_torn_where_all_else_was_kept():
    first, second = write(10, b"1" * PAGE), write(10, b"2" * PAGE, PAGE)
    found = {tree["f"] for tree in trees("eager", [*THERE, first, second])}
    assert len(found) > 4
    for data in found:
        assert data[:PAGE] == b"1" * PAGE and data[2 * PAGE :] == A[2 * PAGE :]
        new = data[PAGE : 2 * PAGE].count(b"2")
        assert new % 512 == 0 and data[PAGE : 2 * PAGE] == b"2" * new + b"a" * (PAGE - new)


def test_an_appended_line_is_torn():
    line = b"l" * 3000
    found = {tree["f"] for tree in trees("eager", [*THERE, write(10, line, len(A))])}
    assert A in found and A + line[:512] in found and A + bytes(3000) in found
    assert all(data[: len(A)] == A for data in found)


def test_truncation_is_in_order_with_names_in_a_journal():
    ops = [*THERE, cut(10, 0), rename("f", "g")]
    found = trees("journaled", ops)
    assert {"g": A} not in found
    assert {"f": A} in found and {"f": b""} in found and {"g": b""} in found
    assert {"g": A} in trees("reordered", ops)


def test_what_was_cut_off_does_not_come_back_in_a_journal():
    ops = [*THERE, cut(10, 0), write(10, B), create(12, "h"), sync(12)]
    for tree in trees("journaled", ops):
        assert b"a" not in tree["f"]


def test_exchange_is_one_operation():
    other = [create(11, "g"), write(11, B), sync(11), SYNC_ROOT]
    ops = [*THERE, *other, rename("f", "g", EXCHANGE)]
    before, after = {"f": A, "g": B}, {"f": B, "g": A}
    assert all(tree == before for tree in trees("strict", ops))
    assert all(tree == after for tree in trees("eager", ops))
    for model in ("journaled", "reordered", "lazy"):
        found = trees(model, ops)
        assert before in found and after in found
        assert all(tree in (before, after) for tree in found), model


def test_exchanged_folders_keep_what_is_in_them():
    ops = [
        Op("D", 1, 20, 0, "old"),
        Op("D", 1, 21, 0, "new"),
        create(22, "old/f"),
        create(23, "new/f"),
        write(22, A),
        write(23, B),
        *(sync(inode) for inode in (20, 21, 22, 23)),
        SYNC_ROOT,
        rename("old", "new", EXCHANGE),
        write(22, b"c"),
        sync(22),
        SYNC_ROOT,
    ]
    for model in MODELS:
        for tree in trees(model, ops):
            assert tree == {"old": None, "new": None, "old/f": B, "new/f": b"c" + A[1:]}, model


def test_a_hard_link_is_the_same_file():
    ops = [*THERE, Op("L", 1, 10, 0, "", b"", "g"), SYNC_ROOT, write(10, B), sync(10)]
    ops += [Op("U", 1, 0, 0, "f")]
    assert all(tree == {"f": B, "g": B} for tree in trees("strict", ops))
    assert all(tree == {"g": B} for tree in trees("eager", ops))
    with fast_folder() as folder:
        image(Log(ops), "strict", 1, len(ops)).write(folder / "image")
        assert os.path.samefile(folder / "image" / "f", folder / "image" / "g")


def test_an_unlink_that_is_not_synced_and_an_inode_that_comes_again():
    ops = [*THERE, Op("U", 1, 0, 0, "f"), create(10, "other"), write(10, B), sync(10)]
    assert all(tree == {"f": A} for tree in trees("strict", ops))
    assert all(tree == {"other": B} for tree in trees("eager", ops))
    found = trees("lazy", ops)
    assert {} in found and {"f": A} in found


def test_names_of_different_folders_are_not_in_order():
    ops = [
        Op("D", 1, 20, 0, "d"),
        Op("D", 1, 21, 0, "e"),
        SYNC_ROOT,
        create(22, "d/first"),
        create(23, "e/second"),
    ]
    second_alone = {"d": None, "e": None, "e/second": b""}
    assert second_alone in trees("reordered", ops)
    assert second_alone not in trees("journaled", ops)


def test_the_shared_memory_of_a_database_is_not_kept():
    ops = [create(10, "c.db-shm"), create(11, "c.db"), sync(10), sync(11), SYNC_ROOT]
    assert all(tree == {"c.db": b""} for tree in trees("strict", ops))


def test_an_image_is_always_the_same():
    ops = [*THERE, write(10, B), rename("f", "g")]
    log = Log(ops)
    for model in MODELS:
        assert image(log, model, 3, len(ops)).tree() == image(log, model, 3, len(ops)).tree()


@pytest.fixture(scope="module")
def told() -> Iterator[tuple[Recording, Path]]:
    """A story with renames of files and folders and with two changes that were just there."""
    with fast_folder() as folder:
        yield story.record("got_over", 1, folder / "told"), folder / "told" / "root"


def test_all_that_was_recorded_is_what_the_commands_left(told, tmp_path):
    """Replayed to its end, with nothing lost, a log gives the folder as it is."""
    recorded, root = told
    log = Log(recorded.ops)
    disk = log.names(lambda naming, entry: True, log.length)
    log.filled(disk, lambda file: log.content(file, log.done(file, log.length)))
    there = {
        os.fspath(path.relative_to(root)): None if path.is_dir() else path.read_bytes()
        for path in root.rglob("*")
    }
    assert disk.tree() == there
    disk.write(tmp_path / "image")
    assert tree_of(tmp_path / "image") == tree_of(root)


def test_what_was_reported_is_known_by_the_instant(told):
    recorded, _ = told
    steps = [step for step in recorded.steps if step.arguments]
    assert recorded.reported(steps[1].begin) == [(steps[0], recorded.reported(10**9)[0][1])]
    assert [step for step, _ in recorded.reported(len(recorded.ops))] == steps
    assert len({step.pid for step in steps}) == len(steps)


def test_a_recording_that_was_kept_is_the_same(told, tmp_path):
    recorded, root = told
    keep(root.parent, tmp_path / "kept")
    again = load(tmp_path / "kept")
    assert replace(again, sources=recorded.sources) == recorded


def test_power_is_not_lost_while_something_was_just_there(told):
    recorded, _ = told
    changes = [step for step in recorded.steps if not step.arguments]
    chosen = instants(recorded, Log(recorded.ops), 400, random.Random(1))
    assert not any(step.begin < k < step.end for k in chosen for step in changes)
    assert min(chosen) > recorded.since and max(chosen) <= len(recorded.ops)
