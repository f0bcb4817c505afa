"""Journal entries gathered from everything that still tells them, and the one chain they make.

A scratch database holds them, so that a journal of millions needs no memory; it is thrown away.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strongroom.disk.carve import records
from strongroom.disk.sqlite import DatabaseError, connect, explained_sqlite
from strongroom.domain.entry import Entry

#: Serial types that a row of `entries` begins with: its number, which is the row's, and the time.
_ROW_BEGINS, _COLUMNS = (0, 6), 8
_SCHEMA = """
create table found(
    seq integer not null, hash text not null, prev text not null, action text not null,
    line blob not null, chosen integer not null default 0, primary key(seq, hash)) without rowid;
create table told(source text not null, seq integer not null, hash text not null,
    primary key(source, seq, hash)) without rowid;
"""


@dataclass
class Chain:
    """What the gathered entries make. `lost`: numbers that nothing tells any more, as ranges with
    both ends; `left_out`: entries that contradict the chain, by source.
    """

    last: int = 0
    entries: int = 0
    lost: list[tuple[int, int]] = field(default_factory=list)
    left_out: dict[str, list[str]] = field(default_factory=dict)


class History:
    """Entries by number and hash, and who told them. Not thread-safe."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._speaking():
            self._tx: Any = connect(path, durable=False)
            self._tx.executescript(_SCHEMA)

    def take(self, source: str, entries: Iterable[Entry]) -> None:
        """Adds what one source tells; the entries are sound by their own hashes."""
        with self._speaking():
            self._tx.execute("begin")
            for entry in entries:
                self._tx.execute(
                    "insert or ignore into found(seq, hash, prev, action, line) values (?,?,?,?,?)",
                    (entry.seq, entry.hash, entry.prev, entry.action, entry.line),
                )
                self._tx.execute(
                    "insert or ignore into told values (?,?,?)", (source, entry.seq, entry.hash)
                )
            self._tx.execute("commit")

    def chain(self, registry_id: str, upto: int = 0) -> Chain:
        """Chooses one entry a number, backwards from the last: each names the hash before it.

        Where an entry of two contradicting ones is not named, the catalog's is taken: it committed
        before the journal followed. Entries of another registry's history are left out. `upto`:
        the last number that is known to have been given.
        """
        with self._speaking():
            return self._chain(registry_id, upto)

    def _chain(self, registry_id: str, upto: int) -> Chain:
        self._tx.execute("begin")
        self._tx.execute("update found set chosen = 0")
        self._leave_out_foreign(registry_id)
        chain, wanted, below = Chain(), "", 0
        for seq, rows in self._backwards():
            chosen = _choose(rows, wanted if below == seq + 1 else "")
            if chosen is None:
                continue
            if not chain.last:
                chain.last = seq
                if upto > seq:
                    chain.lost.append((seq + 1, upto))
            elif below > seq + 1:
                chain.lost.append((seq + 1, below - 1))
            self._tx.execute(
                "update found set chosen = 1 where seq = ? and hash = ?", (seq, chosen[0])
            )
            chain.entries += 1
            wanted, below = chosen[1], seq
        if below > 1:
            chain.lost.append((1, below - 1))
        elif not chain.last and upto:
            chain.lost.append((1, upto))
        chain.lost.reverse()
        chain.left_out = self._left_out()
        self._tx.execute("commit")
        return chain

    def lines(self) -> Iterator[tuple[int, bytes]]:
        """`(number, line)` of the chosen entries, in order."""
        last = 0
        while rows := self._tx.execute(
            "select seq, line from found where chosen = 1 and seq > ? order by seq limit 500",
            (last,),
        ).fetchall():
            last = rows[-1][0]
            yield from ((seq, bytes(line)) for seq, line in rows)

    def close(self) -> None:
        self._tx.close()

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        try:
            yield
        except DatabaseError as error:
            raise explained_sqlite(error, self.path) from error

    def _backwards(self) -> Iterator[tuple[int, list[tuple[str, str, int]]]]:
        """`(number, [(hash, prev, told by the catalog)])` from the last to the first."""
        below = (1 << 62,)
        while (row := self._tx.execute("select max(seq) from found where seq < ?", below)
               .fetchone()) and row[0] is not None:  # fmt: skip
            below = (row[0],)
            yield (
                row[0],
                self._tx.execute(
                    "select f.hash, f.prev, exists(select 1 from told t where t.source = 'catalog'"
                    " and t.seq = f.seq and t.hash = f.hash) from found f"
                    " where f.seq = ? and f.chosen = 0 order by 3 desc, f.hash",
                    below,
                ).fetchall(),
            )

    def _leave_out_foreign(self, registry_id: str) -> None:
        for digest, line in self._tx.execute(
            "select hash, line from found where seq = 1 and action = 'registry.created'"
        ).fetchall():
            named = json.loads(bytes(line))["object"].get("id")
            seq, hashes = 1, [digest] if registry_id and named != registry_id else []
            while hashes:
                marks = ",".join("?" * len(hashes))
                self._tx.execute(
                    f"update found set chosen = -1 where seq = ? and hash in ({marks})",
                    (seq, *hashes),
                )
                seq += 1
                hashes = [
                    row[0]
                    for row in self._tx.execute(
                        f"select hash from found where seq = ? and prev in ({marks})",
                        (seq, *hashes),
                    ).fetchall()
                ]

    def _left_out(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for source, seq, action in self._tx.execute(
            "select t.source, f.seq, f.action from found f join told t on t.seq = f.seq"
            " and t.hash = f.hash where f.chosen <> 1 order by t.source, f.seq"
        ).fetchall():
            found.setdefault(source, []).append(f"entry {seq} ({action})")
        return found


def _choose(rows: list[tuple[str, str, int]], wanted: str) -> tuple[str, str] | None:
    for digest, prev, _ in rows:
        if digest == wanted:
            return digest, prev
    return (rows[0][0], rows[0][1]) if rows else None


def lines_in(path: Path, untouched: bool = False) -> Iterator[bytes]:
    """The lines of the entries in a catalog, as far as SQLite reads them. `untouched`: as the file
    is, without its log, and so that nothing beside it is made or changed.
    """
    try:
        connection = connect(path, create=False, immutable=untouched)
    except DatabaseError:
        return
    try:
        last = 0
        while rows := connection.execute(
            "select seq, cast(line as blob) from entries where seq > ? order by seq limit 500",
            (last,),
        ).fetchall():
            last = rows[-1][0]
            yield from (line for _, line in rows if line is not None)
    except (DatabaseError, MemoryError, UnicodeDecodeError):
        return
    finally:
        connection.close()


def carved_lines(path: Path) -> Iterator[bytes]:
    """What may be lines of entries in the pages of a damaged catalog and of its log."""
    for values in records(path, _ROW_BEGINS, _COLUMNS):
        yield values[-1]
