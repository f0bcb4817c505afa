"""Stories of real commands, each told to a recorder: what people do in a registry.

They are small, for each is taken at thousands of instants. A story's seed chooses the bytes of its
files and the changes before which commands are killed.
"""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest import mock

from strongroom.catalog import schema
from strongroom.store.shelf import SHELF_LIMIT
from tests.faults.power_loss.recording import COMMAND, Recorder, Recording

LARGE = SHELF_LIMIT + 30_000

#: About how many changes a command makes that a story kills the first time.
_USUAL = {"init": 330, "add": 150, "get": 60, "label": 40, "watch": 250, "doctor": 400, "show": 60}

#: `gc` as a day later, when claims of those who were killed and the grace of what it condemned
#: are over.
_A_DAY_LATER = """
from strongroom.catalog import claims
from strongroom.services import collect
claims.CLAIM_LIFE = 0
collect.collect.__wrapped__.__defaults__ = (0, False)
"""


def init(tell: Recorder) -> None:
    tell.run("init")


def _begin(tell: Recorder) -> None:
    tell.run("init")
    tell.here_it_begins()


def first_files(tell: Recorder) -> None:
    """One small and one large file, and their second versions."""
    _begin(tell)
    for number in range(2):
        tell.run("add", tell.source("small.txt", f"small {number} {tell.seed}".encode()))
        tell.run("add", tell.source("large.bin", tell.bytes(LARGE)))


def folder(tell: Recorder) -> None:
    """A folder of several hundred small files and some large ones; twice, as two versions."""
    _begin(tell)
    for number in range(250):
        tell.source(f"data/part{number % 5}/{number}.txt", tell.bytes(tell.rng.randrange(1, 1500)))
    for number in range(3):
        tell.source(f"data/large{number}.bin", tell.bytes(LARGE))
    tell.run("add", tell.sources / "data")
    tell.source("data/part0/0.txt", b"another content")
    tell.run("add", tell.sources / "data")


def run_of_its_own(tell: Recorder) -> None:
    _begin(tell)
    tell.run("run", "start", "--id", "r1", "--param", "lr=0.1")
    for number in range(2):
        model = tell.source("model.bin", tell.bytes(LARGE))
        tell.run("add", model, "--run", "r1", "--param", "depth=3", "--metric", f"loss=0.{number}")
    tell.run("run", "finish", "r1")


def remarks(tell: Recorder) -> None:
    _begin(tell)
    tell.run("add", tell.source("data.csv", b"a,b\n1,2\n"))
    tell.run("add", tell.source("model.bin", tell.bytes(3000)))
    tell.run("label", "model.bin", "stage=best")
    tell.run("note", "model.bin", "looks good " * 900)
    tell.run("link", "model.bin", "--from", "data.csv", "--reason", "it was read")
    tell.run("label", "data.csv", "kind/of=table")


def watched(tell: Recorder) -> None:
    """A folder of plain training output, watched twice."""
    _begin(tell)
    for number in range(2):
        run = f"train/run{number}"
        tell.source(f"{run}/config.yaml", f"lr: 0.{number + 1}\nepochs: 3\n".encode())
        tell.source(f"{run}/metrics.csv", b"epoch,loss\n1,0.5\n2,0.4\n3,0.2\n")
        tell.source(f"{run}/checkpoints/epoch1.bin", tell.bytes(LARGE))
        tell.source(f"{run}/checkpoints/epoch2.bin", tell.bytes(900))
        tell.run("watch", "--once", tell.sources / "train", "--quiet-time", "0.1")


def got(tell: Recorder) -> None:
    """A file and a folder, to where there was no folder yet."""
    _begin(tell)
    file = tell.source("model.bin", tell.bytes(LARGE))
    _small_folder(tell, "data")
    tell.run("add", file)
    tell.run("add", tell.sources / "data")
    _get(tell, "model.bin", "out/new/deep/model.bin", file)
    _get(tell, "data", "out/other/deep/data", tell.sources / "data")


#: Paths that the versions of `_small_folder` have too: a folder with others is not replaced.
_OF_BEFORE = {"sub0/0.txt": b"0 of before", "sub1/1.txt": b"1 of before"}


def got_over(tell: Recorder) -> None:
    """`get --force` over a file and a folder that were there, and once more over its own."""
    _begin(tell)
    _place(tell, "out/file.bin", {"": b"of before"})
    _place(tell, "out/tree", _OF_BEFORE)
    for number in range(2):
        file = tell.source("model.bin", tell.bytes(LARGE))
        _small_folder(tell, "data")
        tell.run("add", file)
        tell.run("add", tell.sources / "data")
        _get(tell, f"model.bin@v{number + 1}", "out/file.bin", file, "--force")
        _get(tell, f"data@v{number + 1}", "out/tree", tell.sources / "data", "--force")


def got_and_killed(tell: Recorder) -> None:
    """`get` killed somewhere, then done again."""
    _begin(tell)
    _place(tell, "out/tree", _OF_BEFORE)
    file = tell.source("model.bin", tell.bytes(LARGE))
    _small_folder(tell, "data")
    tell.run("add", file)
    tell.run("add", tell.sources / "data")
    for _ in range(2):
        _get(tell, "data", "out/tree", tell.sources / "data", "--force", kill=_some(tell, "get"))
    _get(tell, "model.bin", "out/m.bin", file, "--force", kill=_some(tell, "get", 0, 0.2))
    _get(tell, "data", "out/tree", tell.sources / "data", "--force")


def collected(tell: Recorder) -> None:
    """Bytes that nobody refers to, small and large, are deleted while others stay."""
    _begin(tell)
    tell.run("add", tell.source("kept.bin", tell.bytes(LARGE)))
    tell.run("add", tell.source("kept.txt", b"kept"))
    for number in range(3):
        _small_folder(tell, f"lost{number}")
        tell.run("add", tell.sources / f"lost{number}", kill=_some(tell, "add", 0.2, 0.8))
    tell.run("gc", program=_A_DAY_LATER + COMMAND)
    tell.run("gc", program=_A_DAY_LATER + COMMAND)
    tell.run("add", tell.source("kept.txt", b"kept too"))


def repaired(tell: Recorder) -> None:
    """A stored file and a row of a shelf went bad; `verify --repair` mends both."""
    _begin(tell)
    large, small = tell.bytes(LARGE), b"a small one " * 9
    tell.run("add", tell.source("large.bin", large))
    tell.run("add", tell.source("small.txt", small))
    digests = [hashlib.sha256(data).hexdigest() for data in (large, small)]

    def spoil() -> None:
        objects = tell.registry / "objects" / digests[0][:2] / digests[0][2:]
        objects.chmod(0o644)
        with open(objects, "r+b") as out:
            out.seek(5000)
            out.write(b"spoiled")
        shelf = sqlite3.connect(tell.registry / "shelves" / "000001.db")
        with shelf:
            shelf.execute(
                "update blobs set data = ? where digest = ?",
                (b"spoiled", bytes.fromhex(digests[1])),
            )
        shelf.close()

    tell.change(spoil, damaged=[f"sha256:{digest}" for digest in digests])
    tell.run("verify", "--all", "--repair")
    tell.run("add", tell.source("other.txt", b"another"))


def rebuilt(tell: Recorder) -> None:
    """The catalog is made again, once in peace and once killed."""
    _begin(tell)
    tell.run("add", tell.source("large.bin", tell.bytes(LARGE)))
    tell.run("label", "large.bin", "stage=best")
    tell.run("doctor", "--rebuild")
    tell.run("add", tell.source("small.txt", b"small"))
    tell.run("doctor", "--rebuild", kill=_some(tell, "doctor"))
    tell.run("doctor", "--rebuild")
    tell.run("add", tell.source("small.txt", b"small too"))


def fixed(tell: Recorder) -> None:
    """`doctor --fix` after commands that were killed."""
    _begin(tell)
    tell.run("add", tell.source("large.bin", tell.bytes(LARGE)))
    for number in range(2):
        tell.run("add", tell.source(f"n{number}.bin", tell.bytes(LARGE)), kill=_some(tell, "add"))
        tell.run("doctor", "--fix")
    tell.run("add", tell.source("small.txt", b"small"))


def killed_init(tell: Recorder) -> None:
    """`init` killed: it can be done again, or had been done."""
    tell.run("init", kill=_some(tell, "init"))
    tell.run("init", codes=(0, 5))
    tell.run("add", tell.source("small.txt", b"small"))


def killed_before_sync(tell: Recorder) -> None:
    """The first `add`, killed just before its n-th sync (n is the seed), and done again: all that
    the first one made, shelf, folders of objects and catalog, was never synced by who made it.
    """
    tell.run("init")
    _small_folder(tell, "data")
    tell.source("data/other.bin", tell.bytes(LARGE))
    tell.run("add", tell.sources / "data", kill=-tell.seed)
    tell.here_it_begins()
    tell.run("add", tell.sources / "data")
    tell.run("add", tell.source("small.txt", b"small"))


def killed(tell: Recorder) -> None:
    """Commands killed at any change, each followed by one that succeeds."""
    _begin(tell)
    for number in range(3):
        _small_folder(tell, "data")
        tell.run("add", tell.sources / "data", kill=_some(tell, "add"))
        tell.run("add", tell.sources / "data")
        tell.run("label", "data", f"n{number}=x", kill=_some(tell, "label"))
        tell.run("show", "data")
    tell.run("label", "data", "m=y")


def killed_and_read(tell: Recorder) -> None:
    """What a killed command had committed is read and told of by the next, which writes nothing."""
    _begin(tell)
    tell.run("add", tell.source("first.txt", b"first"))
    for number in range(4):
        data = tell.source(f"n{number}.txt", tell.bytes(500))
        tell.run("add", data, kill=_some(tell, "add", 0.4))
        tell.run("versions", f"n{number}.txt", codes=(0, 3))
        tell.run("list")


def watched_and_killed(tell: Recorder) -> None:
    _begin(tell)
    for number in range(3):
        for file in range(6):
            tell.source(f"each/{file}.txt", tell.bytes(700 + number))
        watch = ("watch", "--once", tell.sources / "each", "--each", "--quiet-time", "0.1")
        tell.run(*watch, kill=_some(tell, "watch"))
    tell.run(*watch)


#: The way of tests/catalog/test_schema.py: a Strongroom that knows one migration more.
_NEXT_SCHEMA = """
from strongroom.catalog import schema
schema.VERSION += 1
def migrate(connection, before=schema.migrate, latest=schema.VERSION):
    schema.VERSION = latest - 1
    try:
        before(connection)
    finally:
        schema.VERSION = latest
    connection.execute("create table if not exists later(id integer)")
    connection.execute(f"pragma user_version = {latest}")
schema.migrate = migrate
"""


def migrated(tell: Recorder) -> None:
    """A newer Strongroom opens the registry, and brings its catalog up to date."""
    _begin(tell)
    tell.run("add", tell.source("large.bin", tell.bytes(LARGE)))
    tell.run("label", "large.bin", "stage=best")
    newer = f"{_NEXT_SCHEMA}\n{COMMAND}"
    tell.run("show", "large.bin", program=newer, kill=_some(tell, "show"))
    tell.run("show", "large.bin", program=newer)
    tell.run("add", tell.source("small.txt", b"small"), program=newer)


STORIES: dict[str, Callable[[Recorder], None]] = {
    story.__name__: story
    for story in (
        init,
        first_files,
        folder,
        run_of_its_own,
        remarks,
        watched,
        got,
        got_over,
        got_and_killed,
        collected,
        repaired,
        rebuilt,
        fixed,
        killed_init,
        killed_before_sync,
        killed,
        killed_and_read,
        watched_and_killed,
        migrated,
    )
}


def record(story: str, seed: int, folder: Path) -> Recording:
    """Tells a story in the new folder `folder`."""
    recorder = Recorder(folder, story, seed)
    STORIES[story](recorder)
    return recorder.finish()


@contextlib.contextmanager
def as_told(story: str) -> Iterator[None]:
    """While it lasts, this process is the Strongroom that the story ends with."""
    if story != migrated.__name__:
        yield
        return
    with (
        mock.patch.object(schema, "VERSION", schema.VERSION),
        mock.patch.object(schema, "migrate", schema.migrate),
    ):
        exec(_NEXT_SCHEMA, {})
        yield


def _some(tell: Recorder, command: str, low: float = 0.0, high: float = 1.0) -> int:
    """Where a command is killed: between shares of the changes it made last time, and mostly just
    before a sync, when what it wrote is believed by the next process and is not on disk.
    """
    changes, syncs = tell.changes_of(command)
    changes, syncs = changes or _USUAL[command], syncs or _USUAL[command] // 12
    just_before_sync = tell.rng.random() < 0.7
    usual = syncs if just_before_sync else changes
    number = tell.rng.randint(1 + int(usual * low), max(1, round(usual * high)))
    return -number if just_before_sync else number


def _small_folder(tell: Recorder, name: str) -> None:
    for number in range(4):
        tell.source(f"{name}/sub{number % 2}/{number}.txt", tell.bytes(300 + number))
    tell.source(f"{name}/large.bin", tell.bytes(LARGE))


def _place(tell: Recorder, place: str, files: dict[str, bytes]) -> None:
    """Something of the user's that has been below the root for long."""

    def put() -> None:
        for name, data in files.items():
            path = tell.root / place / name if name else tell.root / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    tell.change(put, place=place)


def _get(
    tell: Recorder, reference: str, place: str, source: Path, *more: str, kill: int = 0
) -> None:
    tell.run("get", reference, tell.root / place, *more, place=place, content=source, kill=kill)
