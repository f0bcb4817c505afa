"""Text and logs: a window of lines anywhere in the file, its end, and a search through all of it.

Lines are cut where they are longer than a view can show, and hold no control characters, so that
what a file says cannot redraw the screen or turn its direction.
"""

from __future__ import annotations

import dataclasses
import io
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

from strongroom.formats.source import HEAD_BYTES, Source
from strongroom.formats.text import decode, encoding_of, is_text, visible
from strongroom.services.previews.request import Request

#: Bytes of one window, and of the end that is shown below the first one.
WINDOW = 256 << 10
TAIL = 64 << 10
#: A window around a byte begins so far before it.
_BEFORE = 32 << 10
_LONGEST = 20_000
_MATCHES = 1000
_SEARCH_SECONDS = 6.0
_BLOCK = 1 << 20
_LONGEST_SEARCHED = 8 << 20
#: Of UTF-16, whose line ends are no single byte, only so much is read.
_WIDE = 32 << 20
_EXCERPT = 400


def claims(source: Source) -> bool:
    return is_text(source.head)


def show(source: Source, request: Request) -> dict[str, Any]:
    whole, reason = _narrow(source)
    encoding = encoding_of(source.head)
    start = min(max(0, request.at - _BEFORE), max(0, whole.size - 1))
    with whole.open() as stream:
        if start:
            start = _line_start(stream, start)
        stream.seek(start)
        raw = stream.read(WINDOW)
        end = start + len(raw)
        if end < whole.size:  # whole lines, where there are any
            cut = raw.rfind(b"\n") + 1
            raw, end = (raw[:cut], start + cut) if cut else (raw, end)
        line = 1
        if start:
            before = raw[: request.at - start].count(b"\n")
            line = request.line - before
        tail = _tail(stream, whole.size, end) if not start and end < whole.size else None
    return {
        "kind": "text",
        "encoding": encoding,
        "text": _shown(raw, encoding),
        "line": max(1, line),
        "start": start,
        "end": end,
        "tail": None if tail is None else {"text": _shown(tail[1], encoding), "start": tail[0]},
        "reason": reason,
    }


def find(source: Source, search: str) -> dict[str, Any]:
    """Lines that hold `search`, whatever its case, from the whole file within bounds."""
    whole, reason = _narrow(source)
    encoding = encoding_of(source.head)
    deadline = time.monotonic() + _SEARCH_SECONDS
    matches: list[dict[str, Any]] = []
    read = 0
    for read, found in _matches(whole, encoding if whole is source else "utf-8", search):
        matches += found
        if len(matches) > _MATCHES:
            reason = f"more than {_MATCHES:,} lines hold it; the first are listed"
            break
        if time.monotonic() > deadline:
            reason = f"the search was ended after {read:,} of {whole.size:,} bytes"
            break
    return {"kind": "matches", "search": search, "matches": matches[:_MATCHES], "reason": reason}


def _matches(
    source: Source, encoding: str, search: str
) -> Iterator[tuple[int, list[dict[str, Any]]]]:
    """(bytes read, matches among them), block by block."""
    wanted = search.casefold()
    quick = search.lower().encode() if search.isascii() else None
    at, line = 0, 1
    with source.open() as stream:
        rest = b""
        while True:
            chunk = stream.read(_BLOCK)
            block = rest + chunk
            cut = block.rfind(b"\n") + 1
            if not chunk or (not cut and len(block) > _LONGEST_SEARCHED):
                cut = len(block)
            part, rest = block[:cut], block[cut:]
            found: list[dict[str, Any]] = []
            if quick is None or quick in part.lower():
                found = _in_block(part, at, line, encoding, wanted, quick)
            at, line = at + len(part), line + part.count(b"\n")
            yield at, found
            if not chunk:
                return


def _in_block(
    part: bytes, at: int, line: int, encoding: str, wanted: str, quick: bytes | None
) -> list[dict[str, Any]]:
    """The matches in whole lines; `quick`: bytes, in lower case, that a match must hold."""
    found: list[dict[str, Any]] = []
    for number, raw in enumerate(part.split(b"\n"), line):
        start, at = at, at + len(raw) + 1
        if quick is not None and quick not in raw.lower():
            continue
        decoded = raw.decode(encoding, "replace")
        if wanted not in decoded.casefold():
            continue
        text = visible(decoded)
        column = text.casefold().find(wanted)
        if column >= 0:
            begin = max(0, column - 60)
            found.append(
                {
                    "line": number,
                    "at": start,
                    "column": column,
                    "text": ("…" if begin else "") + text[begin : begin + _EXCERPT],
                }
            )
        if len(found) > _MATCHES:
            break
    return found


def _narrow(source: Source) -> tuple[Source, str]:
    """UTF-16 as UTF-8, so that a line end is one byte; anything else as it is."""
    if encoding_of(source.head) != "utf-16":
        return source, ""
    with source.open() as stream:
        raw = stream.read(_WIDE)
    data = decode(raw).encode("utf-8", "replace")
    reason = "" if source.size <= _WIDE else f"only the first {_WIDE:,} bytes of UTF-16 are read"
    made = dataclasses.replace(
        source, size=len(data), head=data[:HEAD_BYTES], open=lambda: io.BytesIO(data)
    )
    return made, reason


def _line_start(stream: BinaryIO, at: int) -> int:
    """Where the line begins that byte `at` is in, or `at` where that is far."""
    back = max(0, at - _BEFORE)
    stream.seek(back)
    cut = stream.read(at - back).rfind(b"\n") + 1
    return back + cut if cut else (at if back else 0)


def _tail(stream: BinaryIO, size: int, end: int) -> tuple[int, bytes]:
    start = max(end, size - TAIL)
    stream.seek(start)
    raw = stream.read(TAIL)
    cut = raw.find(b"\n") + 1 if start > end else 0
    return start + cut, raw[cut:]


def _shown(raw: bytes, encoding: str) -> str:
    text = raw.decode("utf-8" if encoding == "utf-16" else encoding, "replace")
    return "\n".join(_cut(visible(line)) for line in text.removeprefix("\ufeff").split("\n"))


def _cut(line: str) -> str:
    if len(line) <= _LONGEST:
        return line
    return f"{line[:_LONGEST]} … {len(line) - _LONGEST:,} more characters"
