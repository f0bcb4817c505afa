"""Text in the encodings that tools really write, decoded within bounds and never refused."""

from __future__ import annotations

import codecs
import dataclasses
import io
import re
from collections.abc import Iterator
from typing import BinaryIO

from strongroom.formats.source import Source, Unreadable

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[ -/]*[@-~]|[@-_])")


def encoding_of(head: bytes) -> str:
    """By byte order mark, then UTF-8 where the bytes allow it, else Latin-1."""
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head)  # a character cut at the end of the head is no error
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def is_text(head: bytes) -> bool:
    """Whether the bytes look like text: no NUL (but UTF-16) and few control characters."""
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    piece = head[:4096]
    control = sum(piece.count(bytes([c])) for c in (*range(1, 9), *range(14, 27)))
    return b"\0" not in piece and control * 20 <= len(piece)


def decode(data: bytes) -> str:
    """The whole text, without a byte order mark; undecodable bytes become U+FFFD."""
    text = data.decode(encoding_of(data[: 1 << 20]), "replace")
    return text.removeprefix("\ufeff")


def without_codes(text: str) -> str:
    """The text without the escape sequences that colour a terminal."""
    return _ANSI.sub("", text)


def lines(stream: BinaryIO, head: bytes, longest: int, limit: int) -> Iterator[str]:
    """Lines with their ends, up to `limit` characters in all.

    Raises `Unreadable` at a line of more than `longest` characters; stops silently at `limit`.
    """
    with io.TextIOWrapper(stream, encoding_of(head), errors="replace", newline="") as text:
        done = 0
        while done < limit:
            line = text.readline(longest + 1)
            if not line:
                return
            if len(line) > longest:
                raise Unreadable(f"it has a line of more than {longest} characters")
            done += len(line)
            yield line


def visible(line: str) -> str:
    """A log line as a terminal would leave it: no colour codes, only the last overwrite."""
    line = without_codes(line).rstrip("\r\n")
    return "".join(c for c in line.rpartition("\r")[2] if c.isprintable() or c == "\t")


def without_torn_line(source: Source) -> Source:
    """The source up to its last line end, for a text that somebody is still writing.

    Looks at the last MiB only; a longer unfinished line stays.
    """
    back = min(source.size, 1 << 20)
    with source.open() as stream:
        stream.seek(source.size - back)
        tail = stream.read(back)
    cut = tail.rfind(b"\n") + 1
    if cut in (0, len(tail)) or not is_text(source.head):
        return source
    size = source.size - back + cut

    def opened() -> BinaryIO:
        with source.open() as stream:
            return io.BytesIO(stream.read(size))

    if size > 64 << 20:  # a copy in memory would be too large; the reader skips a torn line itself
        return source
    return dataclasses.replace(source, size=size, head=source.head[:size], open=opened, file=None)
