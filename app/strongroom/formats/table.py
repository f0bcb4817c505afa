"""Delimited text as tools and spreadsheets write it: CSV, TSV, semicolons, any encoding.

Nearest format: https://www.rfc-editor.org/rfc/rfc4180.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from strongroom.formats.number import parse_number
from strongroom.formats.source import Source, Unreadable
from strongroom.formats.text import encoding_of, lines

_LONGEST_LINE = 1 << 20
_MAX_COLUMNS = 20_000
#: Of a larger file only the beginning is read, and the reader says so.
MAX_CHARACTERS = 128 << 20
_CHUNK = 4 << 20


@dataclass(frozen=True, slots=True)
class Shape:
    """`columns` are unique and stripped; `headed` False: the file has none and they are made up."""

    delimiter: str
    columns: tuple[str, ...]
    headed: bool
    decimal_comma: bool
    encoding: str


def sniff(source: Source) -> Shape:
    """The dialect by the first lines; raises `Unreadable` for an empty or unusable first line."""
    encoding = encoding_of(source.head)
    text = source.head.decode(encoding, "replace").removeprefix("\ufeff")
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first:
        raise Unreadable("it has no header line")
    if len(first) >= len(text) and source.size > len(source.head):
        raise Unreadable(f"its first line has more than {len(first)} characters")
    delimiter = max("\t;,|", key=lambda mark: (_outside_quotes(first, mark), mark == ","))
    if not _outside_quotes(first, delimiter):
        delimiter = ","
    try:
        cells = next(csv.reader([first], delimiter=delimiter, skipinitialspace=True))
    except (csv.Error, StopIteration):
        raise Unreadable("its first line is not delimited text") from None
    if len(cells) > _MAX_COLUMNS:
        raise Unreadable(f"it has more than {_MAX_COLUMNS} columns")
    headed = any(cell.strip() and parse_number(cell) is None for cell in cells)
    names = cells if headed else [f"column_{n}" for n in range(1, len(cells) + 1)]
    return Shape(delimiter, unique(names), headed, delimiter == ";", encoding)


def _outside_quotes(line: str, mark: str) -> int:
    return "".join(line.split('"')[::2]).count(mark)


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Stripped names; an empty one is its place, a repeated one gets `.2`, `.3` …"""
    seen: dict[str, int] = {}
    taken: list[str] = []
    for place, raw in enumerate(names, 1):
        name = raw.strip() or f"column_{place}"
        seen[name] = seen.get(name, 0) + 1
        taken.append(name if seen[name] == 1 else f"{name}.{seen[name]}")
    return tuple(taken)


def rows(source: Source, shape: Shape, limit: int = MAX_CHARACTERS) -> Iterator[list[str]]:
    """The rows below the header, streamed; blank lines and repeated headers are left out.

    A last line without an end that has too few cells is still being written and is left out too.
    Raises `Unreadable` at a line over 1 MiB and at a field that never ends.
    """
    ended = True

    def fed() -> Iterator[str]:
        nonlocal ended
        for line in lines(source.open(), source.head, _LONGEST_LINE, limit):
            ended = line.endswith(("\n", "\r"))
            yield line

    reader = csv.reader(fed(), delimiter=shape.delimiter, skipinitialspace=True)
    header = [name.strip() for name in shape.columns]
    width = len(shape.columns)
    first = shape.headed
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if first:
                first = False
                continue
            if not ended and len(cells) < width:
                continue
            if shape.headed and cells[0].strip() == header[0] and unique(cells) == shape.columns:
                continue  # a resumed run wrote its header again
            yield cells
    except csv.Error:
        raise Unreadable("it has a field that never ends or is over 128 KiB") from None


def count_rows(source: Source, shape: Shape) -> int | None:
    """The rows below the header by counting lines, at some hundred MB a second.

    None where lines and rows may differ: quotes, UTF-16, or line ends of another kind. A torn last
    line is not counted.
    """
    if shape.encoding == "utf-16" or b"\n" not in source.head:
        return None
    count, rest = 0, b""
    with source.open() as stream:
        while chunk := stream.read(_CHUNK):
            if b'"' in chunk:
                return None
            *whole, rest = (rest + chunk).split(b"\n")
            count += sum(1 for line in whole if line and not line.isspace())
            if len(rest) > _LONGEST_LINE:
                raise Unreadable(f"it has a line of more than {_LONGEST_LINE} characters")
    delimiters = rest.count(shape.delimiter.encode())
    if rest.strip() and delimiters + 1 >= len(shape.columns):
        count += 1
    return count - shape.headed
