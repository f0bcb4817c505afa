"""Pickle and joblib files of any length, walked as a stream without keeping what is large.

joblib puts the bytes of an array right into the pickle that names it, behind the BUILD of its
wrapper (joblib/numpy_pickle.py): a byte that counts padding, the padding, and the array; an array
of objects is there as a further pickle, with a STOP of its own.
"""

from __future__ import annotations

import math
import pickletools
import zlib
from typing import Any, BinaryIO

from strongroom.formats.pickle_walk import MAX_OPCODES, Call, Machine, Pickle
from strongroom.formats.source import Source, Unreadable

#: A longer text or run of bytes is passed over.
_LONGEST = 1 << 20
#: So much may come out of a compressed file.
_MAX_UNPACKED = 1 << 30
_PIECE = 1 << 18
_ARRAY = "joblib.numpy_pickle.NumpyArrayWrapper"
_DAMAGE = (
    ValueError, EOFError, OverflowError, IndexError, UnicodeError, KeyError, TypeError,
    AttributeError,
)  # fmt: skip


class _Skipped(bytes):
    """Stands for bytes that were passed over; only its length is true."""

    length = 0

    def __len__(self) -> int:
        return self.length


class Stream:
    """What `pickletools.genops` reads from; large pieces are passed over."""

    def __init__(self, source: Source) -> None:
        self._file = source.open()
        self._size = source.size

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self, size: int) -> bytes:
        if size <= _LONGEST:
            return self._read(size)
        skipped = _Skipped()
        skipped.length = self.skip(size)
        return skipped

    def readline(self) -> bytes:
        line = bytearray()
        while len(line) < _LONGEST and (byte := self._read(1)):
            line += byte
            if byte == b"\n":
                break
        return bytes(line)

    def skip(self, size: int) -> int:
        """How many bytes could be passed over."""
        size = min(size, self._size - self._file.tell())
        self._file.seek(size, 1)
        return size

    def _read(self, size: int) -> bytes:
        return self._file.read(size)


class Unpacking(Stream):
    """The same of a file that zlib or gzip has packed."""

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._packed: BinaryIO = self._file
        self._unpacker = zlib.decompressobj(47)  # either header
        self._ready = b""
        self._left = _MAX_UNPACKED

    def skip(self, size: int) -> int:
        done = 0
        while done < size and (piece := self._read(min(_PIECE, size - done))):
            done += len(piece)
        return done

    def _read(self, size: int) -> bytes:
        while len(self._ready) < size and not self._unpacker.eof:
            more = self._unpacker.unconsumed_tail or self._packed.read(_PIECE)
            if not more:
                break
            try:
                piece = self._unpacker.decompress(more, max(_PIECE, size))
            except zlib.error:
                raise Unreadable("its compression is damaged") from None
            self._left -= len(piece)
            if self._left < 0:
                raise Unreadable(f"it unpacks to more than {_MAX_UNPACKED >> 20} MiB")
            self._ready += piece
        data, self._ready = self._ready[:size], self._ready[size:]
        return data


def walk_file(source: Source, packed: bool = False) -> tuple[Pickle, bool]:
    """What the file's pickle would build, and whether it was walked to its end.

    Where it ends too early, or is too long to be walked in a few seconds, the value is None and
    the globals are those seen so far. Raises `Unreadable` for damage.
    """
    machine = Machine()
    with (Unpacking if packed else Stream)(source) as stream:
        value, whole = _walk(stream, machine, [MAX_OPCODES], 0)
    return Pickle(value, tuple(machine.globals), source.size), whole


def _walk(stream: Stream, machine: Machine, left: list[int], depth: int) -> tuple[Any, bool]:
    if depth > 50:
        raise Unreadable("its arrays are nested too deep")
    try:
        file: Any = stream
        for opcode, arg, _ in pickletools.genops(file):
            left[0] -= 1
            if left[0] < 0:
                return None, False
            if opcode.name == "STOP":
                return machine.pop(), True
            machine.step(opcode.name, arg)
            array = _array_state(machine) if opcode.name == "BUILD" else None
            if array is not None and not _pass_array(stream, machine, array, left, depth):
                return None, False
    except _DAMAGE as why:
        raise Unreadable("its pickle is damaged or cut off") from why
    return None, False


def _array_state(machine: Machine) -> dict[Any, Any] | None:
    """The state of the wrapper that was just built, if it is one."""
    top = machine.stack[-1]
    wrapper = isinstance(top, Call) and top.func == _ARRAY and isinstance(top.state, dict)
    return top.state if wrapper else None


def _pass_array(
    stream: Stream, machine: Machine, state: dict[Any, Any], left: list[int], depth: int
) -> bool:
    """Goes behind the array that follows the wrapper; False if it cannot be told where that is."""
    kind = state.get("dtype")
    code = kind.args[0] if isinstance(kind, Call) and kind.args else None
    shape = state.get("shape")
    if not isinstance(code, str) or not isinstance(shape, tuple):
        return False
    if code.startswith("O"):
        inner = Machine()
        inner.globals = machine.globals
        return _walk(stream, inner, left, depth + 1)[1]
    digits = code.lstrip("<>|=biufcSUVmM")
    if not digits.isdigit() or len(digits) > 6 or not all(type(n) is int and n >= 0 for n in shape):
        return False
    if isinstance(state.get("numpy_array_alignment_bytes"), int):
        padding = stream.read(1)
        stream.skip(padding[0] if padding else 0)
    width = int(digits) * (4 if "U" in code else 1)
    count = math.prod(shape)
    return count < 1 << 50 and stream.skip(width * count) == width * count
